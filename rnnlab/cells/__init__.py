"""What a cell computes: equations only, one file a cell."""

from rnnlab.cells.catalogue.atr import atr
from rnnlab.cells.catalogue.cifg import cifg
from rnnlab.cells.catalogue.cornn import cornn
from rnnlab.cells.catalogue.fastgrnn import fastgrnn
from rnnlab.cells.catalogue.fgr import fgr
from rnnlab.cells.catalogue.gru import gru
from rnnlab.cells.catalogue.gru_reset_before import gru_reset_before
from rnnlab.cells.catalogue.indrnn import indrnn
from rnnlab.cells.catalogue.irnn import irnn
from rnnlab.cells.catalogue.janet import janet
from rnnlab.cells.catalogue.lem import lem
from rnnlab.cells.catalogue.ligru import ligru
from rnnlab.cells.catalogue.lstm import lstm
from rnnlab.cells.catalogue.mgu import mgu
from rnnlab.cells.catalogue.minimalrnn import minimalrnn
from rnnlab.cells.catalogue.mlstm import mlstm
from rnnlab.cells.catalogue.mut1 import mut1
from rnnlab.cells.catalogue.mut2 import mut2
from rnnlab.cells.catalogue.mut3 import mut3
from rnnlab.cells.catalogue.nfg import nfg
from rnnlab.cells.catalogue.niaf import niaf
from rnnlab.cells.catalogue.nig import nig
from rnnlab.cells.catalogue.noaf import noaf
from rnnlab.cells.catalogue.nog import nog
from rnnlab.cells.catalogue.np_ import np_
from rnnlab.cells.catalogue.peephole_lstm import peephole_lstm
from rnnlab.cells.catalogue.peephole_lstm_full import peephole_lstm_full
from rnnlab.cells.catalogue.ran import ran
from rnnlab.cells.catalogue.rnn import rnn, rnn_relu
from rnnlab.cells.catalogue.scrn import scrn
from rnnlab.cells.catalogue.slstm import slstm
from rnnlab.cells.catalogue.star import star
from rnnlab.cells.catalogue.ugrnn import ugrnn
from rnnlab.cells.definition import CellDefinition, cell
from rnnlab.cells.layout import ParameterArray
from rnnlab.cells.lookup import find_cell
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
