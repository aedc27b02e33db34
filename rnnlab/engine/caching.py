"""Cache of compiled kernels on disk, shared by all processes of a user, never stale.

What lies there is run: Numba's index files are pickles, its data files machine code. So no folder
is used in which anybody else could write.

Numba checks the file of the function that it loads, not the functions that one calls, and it has no
place for functions made at run time. Here every kernel lies in a folder named by a fingerprint of
all that can change its code: the engine's sources, the versions of Numba and llvmlite, Python and
the processor; a cell's kernel carries the hash of its generated source in its name besides.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import platformdirs
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.ccallback import CFunc

from rnnlab.engine.intrinsics import target
from rnnlab.engine.trust import make_private, reason_to_distrust


@cache
def fingerprint() -> str:
    """Return a hash of everything but a cell's own source that the kernels are made of."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    host = target()
    for part in (numba.__version__, llvmlite.__version__, sys.version, host.cpu, host.features):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


@cache
def kernel_folder() -> Path | None:
    """Return the folder of compiled kernels.

    The environment variable RNNLAB_CACHE_DIR names another place than the user's cache folder. If
    that place cannot be written, or others could write there, a warning says so, and the folder is
    one of this process alone, which is removed at its end; None if there is no place for that.
    """
    base = os.environ.get("RNNLAB_CACHE_DIR") or platformdirs.user_cache_dir("rnnlab")
    folder = Path(base) / "kernels" / fingerprint()
    try:
        make_private(folder)
        folder = folder.resolve(strict=True)  # a link may be turned elsewhere later on
        reason = reason_to_distrust(folder)
        if reason is None:
            tempfile.TemporaryFile(dir=folder).close()
            return folder
    except OSError as error:
        reason = f"{folder} cannot be written ({error.strerror or error})"
    _warn_once(reason)
    try:
        private = tempfile.TemporaryDirectory(prefix="rnnlab-kernels-", ignore_cleanup_errors=True)
    except OSError:
        return None
    atexit.register(private.cleanup)
    return Path(private.name)


@cache
def _warn_once(what: str) -> None:
    warnings.warn(
        f"kernel cache: {what}: kernels are compiled again in every process; "
        "set RNNLAB_CACHE_DIR to a folder that you alone can write",
        RuntimeWarning,
        stacklevel=3,
    )


class _Locator(_CacheLocator):
    def get_cache_path(self) -> str:
        return str(kernel_folder())

    def get_source_stamp(self) -> str:
        return fingerprint()  # the folder's name holds it too: this never differs

    def get_disambiguator(self) -> str:
        return "0"

    @classmethod
    def from_function(cls, *_: Any) -> _Locator:
        return cls()


class _Implementation(CompileResultCacheImpl):
    _locator_classes = (_Locator,)

    def __init__(self, py_func: Any) -> None:
        self._lineno = py_func.__code__.co_firstlineno
        self._locator = _Locator()
        self._filename_base = self.get_filename_base(py_func.__qualname__, "")


class KernelCache(FunctionCache):
    """Numba's function cache in the kernels' folder."""

    _impl_class = _Implementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the compiled form; one that cannot be read, cut short say, counts as missing."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a broken pickle raises nearly anything
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled form; a full disk costs the time to compile, not the run."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_once(f"a kernel could not be written ({error.strerror or error})")
        except Exception:  # the index on disk is broken: write it anew
            self.flush()
            super().save_overload(sig, data)


def enable_cache(function: Any, py_func: Any) -> None:
    """Keep a dispatcher's or a callback's compiled code on disk, if there is a place for it."""
    if kernel_folder() is not None:
        function._cache = KernelCache(py_func)


def compile_kernel(function: Any, arguments: Any, options: dict[str, Any]) -> Any:
    """Compile or load a kernel that is called by its address.

    Parameters
    ----------
    function : function of pointers and whole numbers, with a name of its own
    arguments : sequence of Numba types
    options : dict
        As `numba.njit` takes them.

    Returns
    -------
    callback
        With `address` and `ctypes`; the code lives as long as this object.
    """
    callback = CFunc(function, (arguments, types.void), {}, options)
    enable_cache(callback, function)
    callback.compile()
    return callback


def is_on_disk(qualname: str) -> bool:
    """Tell whether a compiled form of the kernel of that name lies in the kernels' folder."""
    folder = kernel_folder()
    return folder is not None and any(folder.glob(f"{qualname}-*.nbi"))
