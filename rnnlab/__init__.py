"""rnnlab: gated recurrent cells from their equations, with exact gradients, at full speed.

The public names are listed in `__init__.pyi` and loaded at their first use, so that `import rnnlab`
and `rnnlab --help` stay fast.
"""

import lazy_loader

from rnnlab.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
