"""A cell's equations on the arrays of other libraries: NumPy, PyTorch, JAX."""

from rnnlab.interop.evaluator import Evaluator
from rnnlab.interop.libraries import Library, libraries

__all__ = ["Evaluator", "Library", "libraries"]
