"""What a cell computes: equations only, one file a cell."""

from rnnlab.cells._atr import atr
from rnnlab.cells._cifg import cifg
from rnnlab.cells._cornn import cornn
from rnnlab.cells._fastgrnn import fastgrnn
from rnnlab.cells._fgr import fgr
from rnnlab.cells._gru import gru
from rnnlab.cells._gru_reset_before import gru_reset_before
from rnnlab.cells._indrnn import indrnn
from rnnlab.cells._irnn import irnn
from rnnlab.cells._janet import janet
from rnnlab.cells._lem import lem
from rnnlab.cells._ligru import ligru
from rnnlab.cells._lstm import lstm
from rnnlab.cells._mgu import mgu
from rnnlab.cells._minimalrnn import minimalrnn
from rnnlab.cells._mlstm import mlstm
from rnnlab.cells._mut1 import mut1
from rnnlab.cells._mut2 import mut2
from rnnlab.cells._mut3 import mut3
from rnnlab.cells._nfg import nfg
from rnnlab.cells._niaf import niaf
from rnnlab.cells._nig import nig
from rnnlab.cells._noaf import noaf
from rnnlab.cells._nog import nog
from rnnlab.cells._np import np_
from rnnlab.cells._peephole_lstm import peephole_lstm
from rnnlab.cells._peephole_lstm_full import peephole_lstm_full
from rnnlab.cells._ran import ran
from rnnlab.cells._rnn import rnn, rnn_relu
from rnnlab.cells._scrn import scrn
from rnnlab.cells._slstm import slstm
from rnnlab.cells._star import star
from rnnlab.cells._ugrnn import ugrnn
from rnnlab.cells.definition import CellDefinition, cell
from rnnlab.cells.finding import find_cell
from rnnlab.cells.layout import ParameterArray
from rnnlab.registry import cells as _registry

_BUILT_IN = (rnn, rnn_relu, lstm, peephole_lstm, gru)
_GREFF = (nig, nfg, nog, niaf, noaf, cifg, np_, fgr)
_OTHER_GATES = (
    gru_reset_before,
    peephole_lstm_full,
    mgu,
    minimalrnn,
    janet,
    ugrnn,
    ran,
    atr,
    ligru,
)
_SEARCHED = (mut1, mut2, mut3)
_OTHER = (irnn, indrnn, scrn, star, fastgrnn, cornn, lem, mlstm, slstm)

for _definition in (*_BUILT_IN, *_GREFF, *_OTHER_GATES, *_SEARCHED, *_OTHER):
    _registry.register(_definition.name, _definition)

__all__ = [
    "CellDefinition",
    "ParameterArray",
    "atr",
    "cell",
    "cifg",
    "cornn",
    "fastgrnn",
    "fgr",
    "find_cell",
    "gru",
    "gru_reset_before",
    "indrnn",
    "irnn",
    "janet",
    "lem",
    "ligru",
    "lstm",
    "mgu",
    "minimalrnn",
    "mlstm",
    "mut1",
    "mut2",
    "mut3",
    "nfg",
    "niaf",
    "nig",
    "noaf",
    "nog",
    "np_",
    "peephole_lstm",
    "peephole_lstm_full",
    "ran",
    "rnn",
    "rnn_relu",
    "scrn",
    "slstm",
    "star",
    "ugrnn",
]
