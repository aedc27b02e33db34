"""Arguments as users of PyTorch write them: supported, or an error that says what to use."""

from __future__ import annotations

import inspect
import pickle
import pydoc
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, RNN, PeepholeLSTM, Recurrent
from rnnlab.analysis import gate_values, linearise
from rnnlab.layers.options import LayerOptions
from rnnlab.training import SequenceModel


def turned(array):
    return array.swapaxes(0, 1)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
@pytest.mark.parametrize("lengths", [None, [4, 6]])
def test_batch_first_turns_inputs_and_outputs_alone(options, lengths, rng):
    layer = LSTM(3, 5, seed=1, **options)
    twin = LSTM(3, 5, seed=1, batch_first=True, **options)
    x = rng.standard_normal((6, 2, 3)).astype("float32")
    before = x.copy()
    y, state = layer(x, lengths=lengths)
    found, final = twin(turned(x), lengths=lengths)
    np.testing.assert_array_equal(found, turned(y))
    assert found.flags.c_contiguous
    d_y = rng.standard_normal(y.shape).astype("float32")
    tape, other = layer.forward(x, state, lengths), twin.forward(turned(x), final, lengths)
    np.testing.assert_array_equal(other.output, turned(tape.output))
    assert not other.output.flags.writeable
    for one, same in ((state, final), (tape.state, other.state)):
        for a, b in zip(one, same, strict=True):
            np.testing.assert_array_equal(a, b)
    last = options.get("num_layers", 1) - 1
    np.testing.assert_array_equal(other.gates(last)["f"], tape.gates(last)["f"])
    np.testing.assert_array_equal(other.states(last)["c"], tape.states(last)["c"])
    gradients = layer.backward(tape, d_y, through_time=True)
    others = twin.backward(other, turned(d_y), through_time=True)
    np.testing.assert_array_equal(others.input, turned(gradients.input))
    np.testing.assert_array_equal(others.states(last)["c"], gradients.states(last)["c"])
    for name, array in gradients.parameters.items():
        np.testing.assert_array_equal(others.parameters[name], array)
    if not options:
        stepped, wanted = (which.step(x[0]) for which in (layer, twin))
        np.testing.assert_array_equal(stepped[0], wanted[0])
    np.testing.assert_array_equal(x, before)


def test_batch_first_is_pytorchs(rng):
    torch: Any = pytest.importorskip("torch")
    layer = LSTM(3, 5, 2, batch_first=True, seed=1, dtype="float64")
    module = torch.nn.LSTM(3, 5, 2, batch_first=True).double()
    with torch.no_grad():
        for name, array in layer.parameters.items():
            if name.startswith("bias"):
                module.get_parameter(name.replace("bias", "bias_ih"))[:] = torch.tensor(array)
                module.get_parameter(name.replace("bias", "bias_hh"))[:] = 0
            else:
                module.get_parameter(name)[:] = torch.tensor(array)
    x = rng.standard_normal((4, 6, 3))
    expected, (h, c) = module(torch.tensor(x))
    y, state = layer(x)
    for one, other in ((y, expected), (state.h, h), (state.c, c)):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=0, atol=1e-12)


def test_batch_first_in_messages_and_files(tmp_path):
    layer = GRU(3, 5, batch_first=True, seed=1)
    x = np.zeros((4, 6, 3), np.float32)
    with pytest.raises(
        ValueError, match=r"x must have shape \(B, T, I=3\) with batch_first=True, g"
    ):
        layer(np.zeros((4, 6), np.float32))
    with pytest.raises(TypeError, match=r"x must be an array \(B, T, I=3\) .*, got list"):
        layer(x.tolist())  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"d_output must have shape \(B=4, T=6, H=5\) .*\(6, 4, 5\)"
    ):
        layer.backward(layer.forward(x), np.zeros((6, 4, 5), np.float32))
    x[2, 5, 1] = np.nan
    with pytest.raises(ValueError, match=r"x.swapaxes\(0, 1\) must be finite, .* \(5, 2, 1\)"):
        layer(x)
    assert "batch_first=True" in repr(layer)
    for again in (rnnlab.load(layer.save(tmp_path / "layer")), layer.astype("float64")):
        assert again.batch_first


def test_what_needs_time_first_refuses_the_other_order():
    layer = GRU(3, 5, batch_first=True, dtype="float64")
    x = np.zeros((4, 6, 3))
    uses: list[Any] = [lambda: SequenceModel(layer, 2), lambda: linearise(layer, x)]
    for use in (*uses, lambda: gate_values(layer, x)):
        with pytest.raises(ValueError, match="a layer with time first, got batch_first=True: "):
            use()


@pytest.mark.parametrize(
    ("make", "options", "match"),
    [
        (
            LSTM,
            {"dropout": 0.2},
            r"dropout must be 0, got 0.2: pass regularisers=.*\(dropout=0.2\), ",
        ),
        (LSTM, {"bias": False}, r"bias must be True, got False: .* linear\(..., bias=None\)"),
        (LSTM, {"proj_size": 3}, r"proj_size must be 0, got 3: choose hidden_size, or map"),
        (RNN, {"nonlinearity": "relu"}, r'nonlinearity must be .tanh., got .relu.: .*"rnn-relu"'),
        (GRU, {"device": "cuda"}, r"device must be None or 'cpu', got 'cuda': layers run on"),
    ],
)
def test_pytorchs_arguments_say_what_to_use(make, options, match):
    with pytest.raises(ValueError, match=match) as caught:
        make(3, 4, **options)
    assert "\n" not in str(caught.value)


def test_pytorchs_arguments_that_change_nothing_are_accepted():
    options: Any = {"bias": True, "dropout": 0.0, "proj_size": 0, "device": "cpu"}
    layer = LSTM(3, 4, 2, seed=1, **options)
    assert layer.num_layers == 2
    assert repr(layer) == repr(LSTM(3, 4, num_layers=2, seed=1))
    Recurrent("rnn", 3, 4, nonlinearity="tanh")
    Recurrent("rnn-relu", 3, 4, nonlinearity="relu")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"num_layer": 2}, "got 'num_layer': did you mean 'num_layers'"),
        ({"batchfirst": True}, "did you mean 'batch_first'"),
        ({"regularizers": None}, "did you mean 'regularisers'"),
        ({"nonlinearity": "tanh"}, "argument must be one of .*, got 'nonlinearity'"),
    ],
)
def test_a_misspelt_argument_is_told_its_name(options, match):
    with pytest.raises(TypeError, match=match):
        LSTM(3, 4, **options)


@pytest.mark.parametrize("kind", [RNN, LSTM, PeepholeLSTM, GRU])
def test_help_shows_the_options(kind):
    shown = inspect.signature(kind).parameters
    wanted = [
        n for n in inspect.signature(Recurrent).parameters if n not in ("cell", "unsupported")
    ]
    assert list(shown) == wanted
    assert shown["seed"].default is None
    assert "batch_first" in pydoc.render_doc(kind)
    layer = kind(3, 4, seed=1)
    assert repr(pickle.loads(pickle.dumps(layer))) == repr(layer)


def test_the_named_layers_declare_the_options_of_recurrent():
    """For editors and mypy, which read the annotations, and in the same order."""
    parameters = inspect.signature(Recurrent).parameters.values()
    options = [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert options == list(LayerOptions.__annotations__)
