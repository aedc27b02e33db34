"""Cache of compiled kernels on disk, shared by all processes of a user, never stale.

Its files are run as code: Numba's index files are pickles, its data files machine code. Folders in
which other users can write are therefore not used.

Numba checks the file of the function that it loads, not those of the functions that it calls, and
cannot cache functions made at run time. Here all kernels are in a folder named by a fingerprint of
everything that can change their code: the engine's sources, the versions of Numba and llvmlite,
Python and the processor. The name of a cell's kernel also has the hash of its generated source.
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
    """Return a hash of everything that determines the kernels, except a cell's own source."""
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

    The environment variable RNNLAB_CACHE_DIR replaces the user's cache folder. If that folder
    cannot be written, or other users can write there, a warning says so, and a temporary folder of
    this process is used, which is removed at its end; None if that cannot be made either.
    """
    base = os.environ.get("RNNLAB_CACHE_DIR") or platformdirs.user_cache_dir("rnnlab")
    folder = Path(base) / "kernels" / fingerprint()
    try:
        make_private(folder)
        folder = folder.resolve(strict=True)  # a link may be changed later
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
        "set RNNLAB_CACHE_DIR to a folder that only you can write",
        RuntimeWarning,
        stacklevel=3,
    )


class _Locator(_CacheLocator):
    def get_cache_path(self) -> str:
        return str(kernel_folder())

    def get_source_stamp(self) -> str:
        return fingerprint()  # the same for all files: the folder's name has it too

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
        """Load the compiled form; a damaged one, such as a truncated file, counts as missing."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a broken pickle raises nearly anything
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled form; on a full disk, warn and go on without."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_once(f"a kernel could not be written ({error.strerror or error})")
        except Exception:  # the index on disk is damaged: write a new one
            self.flush()
            super().save_overload(sig, data)


def enable_cache(function: Any, py_func: Any) -> None:
    """Cache a dispatcher's or a callback's compiled code on disk, if there is a folder for it."""
    if kernel_folder() is not None:
        function._cache = KernelCache(py_func)


def compile_kernel(function: Any, arguments: Any, options: dict[str, Any]) -> Any:
    """Compile or load a kernel that is called by its address.

    Parameters
    ----------
    function : callable
        A function of pointers and whole numbers, with a unique name.
    arguments : sequence of Numba types
    options : dict
        Options of `numba.njit`.

    Returns
    -------
    callback
        Has `address` and `ctypes`; keeps the code alive.
    """
    callback = CFunc(function, (arguments, types.void), {}, options)
    enable_cache(callback, function)
    callback.compile()
    return callback


def is_on_disk(qualname: str) -> bool:
    """Return whether a compiled form of the kernel of that name is in the kernels' folder."""
    folder = kernel_folder()
    return folder is not None and any(folder.glob(f"{qualname}-*.nbi"))
