"""Language of cells: expression graph, table of operations, derivation of the backward step."""

from rnnlab.equations.derive import Derivation, derive
from rnnlab.equations.expression import EquationError, Expression
from rnnlab.equations.learned import Uniform, linear, scalar, uniform, vector
from rnnlab.equations.operations import (
    exp,
    hard_sigmoid,
    identity,
    log,
    maximum,
    minimum,
    relu,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    where,
)
from rnnlab.equations.trace import Equations, trace

__all__ = [
    "Derivation",
    "EquationError",
    "Equations",
    "Expression",
    "Uniform",
    "derive",
    "exp",
    "hard_sigmoid",
    "identity",
    "linear",
    "log",
    "maximum",
    "minimum",
    "relu",
    "scalar",
    "sigmoid",
    "softsign",
    "sqrt",
    "tanh",
    "trace",
    "uniform",
    "vector",
    "where",
]
