"""Public names of rnnlab; each is imported from its room at its first use."""

from . import analysis as analysis
from . import benchmark as benchmark
from . import cells as cells
from . import data as data
from . import engine as engine
from . import equations as equations
from . import experiments as experiments
from . import interop as interop
from . import layers as layers
from . import plotting as plotting
from . import registry as registry
from . import reports as reports
from . import statistics as statistics
from . import tasks as tasks
from . import training as training
from .cells import cell as cell
from .data import load_fitted as load_fitted
from .engine import get_num_threads as get_num_threads
from .engine import set_num_threads as set_num_threads
from .equations import exp as exp
from .equations import hard_sigmoid as hard_sigmoid
from .equations import identity as identity
from .equations import linear as linear
from .equations import log as log
from .equations import maximum as maximum
from .equations import minimum as minimum
from .equations import relu as relu
from .equations import scalar as scalar
from .equations import sigmoid as sigmoid
from .equations import softsign as softsign
from .equations import sqrt as sqrt
from .equations import tanh as tanh
from .equations import uniform as uniform
from .equations import vector as vector
from .equations import where as where
from .experiments import fit as fit
from .experiments import run as run
from .layers import GRU as GRU
from .layers import LSTM as LSTM
from .layers import RNN as RNN
from .layers import PeepholeLSTM as PeepholeLSTM
from .layers import Recurrent as Recurrent
from .layers import Regularisers as Regularisers
from .reports import report as report
from .training.loading import load as load

__version__: str

__all__: list[str]
