"""The language that cells are written in: symbolic, without Numba."""

from rnnlab.equations.derive import Derivation, derive
from rnnlab.equations.expression import EquationError, Expression
from rnnlab.equations.functions import exp, linear, relu, sigmoid, tanh, vector, where
from rnnlab.equations.trace import Equations, trace

__all__ = [
    "Derivation",
    "EquationError",
    "Equations",
    "Expression",
    "derive",
    "exp",
    "linear",
    "relu",
    "sigmoid",
    "tanh",
    "trace",
    "vector",
    "where",
]
