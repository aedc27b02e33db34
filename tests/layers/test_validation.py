"""Bad input to a layer: one message each, with what must hold, what came and how to fix it."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from rnnlab import GRU, LSTM, RNN, PeepholeLSTM, Recurrent, cell, linear, tanh
from rnnlab.registry import cells
from rnnlab.training import SequenceModel, TruncatedBPTT, softmax_cross_entropy


def draw(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.fixture
def layer():
    return LSTM(10, 4)


def poisoned(bad, *shape, at):
    array = draw(*shape)
    array[at] = bad
    return array


class TestInput:
    @pytest.mark.parametrize("method", ["__call__", "forward"])
    @pytest.mark.parametrize(
        ("x", "error", "match"),
        [
            (draw(32, 100, 9), ValueError, r"x must have shape \(T, B, I=10\), got \(32, 100, 9\)"),
            (draw(5, 10), ValueError, r"got \(5, 10\): add the batch axis with x\[:, None\]"),
            (draw(10), ValueError, r"\(T, B, I=10\), got \(10,\): check the axes"),
            (draw(5, 3, 10, 1), ValueError, r"got \(5, 3, 10, 1\)"),
            (draw(10, 5, 3), ValueError, r"got \(10, 5, 3\): time comes first, then the batch, th"),
            (draw(0, 3, 10), ValueError, r"got \(0, 3, 10\)"),
            (draw(5, 0, 10), ValueError, r"got \(5, 0, 10\)"),
            (np.zeros((5, 3, 10), int), ValueError, r"floats, got dtype int64: use x\.astype\('fl"),
            (np.zeros((5, 3, 10), bool), ValueError, "floats, got dtype bool"),
            (np.zeros((5, 3, 10), complex), ValueError, "floats, got dtype complex128"),
            (np.full((5, 3, 10), "a"), ValueError, "floats, got dtype <U1"),
            (np.full((5, 3, 10), None), ValueError, "floats, got dtype object"),
            (draw(5, 3, 10, dtype=float), ValueError, "float32, got float64: use x.astype.*dtype="),
            (None, TypeError, r"x must be an array \(T, B, I=10\), got NoneType: pass a NumPy"),
            ("x", TypeError, r"x must be an array \(T, B, I=10\), got str"),
            ([[[0] * 10] * 3] * 5, ValueError, "floats, got dtype int64"),
            ([[[0.5] * 10] * 3] * 5, ValueError, "float32, got float64"),
            ([[[0.5] * 9] * 3] * 5, ValueError, r"got \(5, 3, 9\)"),
        ],
    )
    def test_wrong(self, layer, method, x, error, match):
        with pytest.raises(error, match=match):
            getattr(layer, method)(x)

    def test_ragged_lists(self, layer):
        with pytest.raises((TypeError, ValueError)):
            layer([[[0.5] * 10], [[0.5] * 9]])

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("at", [(0, 0, 0), (2, 1, 7), (4, 2, 9)])
    def test_not_finite(self, layer, bad, at):
        place = ", ".join(map(str, at))
        with pytest.raises(ValueError, match=rf"x must be finite, got {bad} at index \({place}\)"):
            layer(poisoned(bad, 5, 3, 10, at=at))
        with pytest.raises(ValueError, match="remove or replace NaN and infinities"):
            layer.forward(poisoned(bad, 5, 3, 10, at=at))

    def test_a_narrower_float_is_widened(self):
        layer = GRU(3, 4, dtype="float64")
        x = draw(5, 2, 3)
        y, _ = layer(x)
        assert y.dtype == np.float64
        np.testing.assert_array_equal(y, layer(x.astype(np.float64))[0])
        half = x.astype(np.float16)
        np.testing.assert_array_equal(layer(half)[0], layer(half.astype(np.float64))[0])

    def test_lists_of_floats_are_an_array_of_float64(self):
        layer = RNN(2, 3, dtype="float64")
        x = draw(4, 1, 2, dtype=float)
        np.testing.assert_array_equal(layer(x.tolist())[0], layer(x)[0])


class TestState:
    x = draw(5, 3, 10)

    @pytest.mark.parametrize("method", ["__call__", "forward"])
    @pytest.mark.parametrize(
        ("state", "error", "match"),
        [
            (
                draw(1, 3, 4),
                TypeError,
                r"state must be a tuple \(h, c\), got ndarray: pass one arr",
            ),
            (0, TypeError, r"state must be a tuple \(h, c\), got int"),
            ({"h": 0, "c": 0}, TypeError, r"state.h must be an array .*, got int"),
            ({"h": draw(1, 3, 4)}, ValueError, r"state must have the names h, c, got h: pass one"),
            ((draw(1, 3, 4),), ValueError, r"state must hold 2 arrays \(h, c\), got 1"),
            ((draw(1, 3, 4),) * 3, ValueError, r"state must hold 2 arrays \(h, c\), got 3"),
            (
                (draw(3, 4),) * 2,
                ValueError,
                r"state.h must have shape \(num_layers\*D=1, B=3, H=4\)",
            ),
            (
                (draw(1, 3, 4), draw(3, 1, 4)),
                ValueError,
                r"state.c .* got \(3, 1, 4\): layers come first; use state.c.transpose\(1, 0, 2\)",
            ),
            ((draw(1, 2, 4),) * 2, ValueError, r"state.h .* got \(1, 2, 4\)"),
            ((draw(1, 3, 4), draw(1, 3, 5)), ValueError, r"state.c .* got \(1, 3, 5\)"),
            ((draw(2, 3, 4),) * 2, ValueError, r"state.h .* got \(2, 3, 4\)"),
            ((draw(1, 3, 4), np.zeros((1, 3, 4), int)), ValueError, r"state.c must be of floats"),
            ((draw(1, 3, 4, dtype=float),) * 2, ValueError, "state.h must be float32, got float64"),
            ((draw(1, 3, 4), None), TypeError, r"state.c must be an array .*, got NoneType"),
            (
                (draw(1, 3, 4), poisoned(np.nan, 1, 3, 4, at=(0, 2, 1))),
                ValueError,
                r"state.c must be finite, got nan at index \(0, 2, 1\)",
            ),
        ],
    )
    def test_wrong(self, layer, method, state, error, match):
        with pytest.raises(error, match=match):
            getattr(layer, method)(self.x, state)

    @pytest.mark.parametrize("use", ["__call__", "forward", "step", "d_state", "stream"])
    @pytest.mark.parametrize("kind", [namedtuple("Swapped", "c h"), dict])
    def test_names_count_where_there_are_names(self, layer, use, kind):
        """Once, a named tuple of (c, h) was taken by position: h and c changed places."""
        h, c = draw(1, 3, 4), 2 * draw(1, 3, 4)

        def result(state):
            if use == "stream":
                stream = TruncatedBPTT(SequenceModel(layer, 2, seed=1), 5, 10)
                targets = np.zeros((5, 3), int)
                stream.loss_and_gradients(self.x, targets, softmax_cross_entropy)
                stream.state = state
                return stream.loss_and_gradients(self.x, targets, softmax_cross_entropy)[0]
            if use == "d_state":
                tape = layer.forward(self.x)
                return layer.backward(tape, np.zeros_like(tape.output), state).input
            if use == "forward":
                return layer.forward(self.x, state).output
            return getattr(layer, use)(self.x[0] if use == "step" else self.x, state)[0]

        np.testing.assert_array_equal(result(kind(c=c, h=h)), result((h, c)))
        np.testing.assert_array_equal(result(layer.state_type(c=c, h=h)), result((h, c)))

    @pytest.mark.parametrize("names", ["h cell", "h", "h c n"])
    def test_names_that_are_not_the_cells(self, layer, names):
        arrays = {name: draw(1, 3, 4) for name in names.split()}
        state = namedtuple("Other", names)(**arrays)
        listed = ", ".join(names.split())
        with pytest.raises(ValueError, match=f"state must have the names h, c, got {listed}: pass"):
            layer(self.x, state)
        with pytest.raises(ValueError, match="state must have the names h, c"):
            layer(self.x, arrays)

    def test_a_cell_of_one_state_takes_a_tuple_of_one(self):
        with pytest.raises(TypeError, match=r"state must be a tuple \(h,\), got ndarray"):
            GRU(10, 4)(self.x, draw(1, 3, 4))


class TestBackward:
    @pytest.fixture
    def tape(self, layer):
        return layer.forward(draw(5, 3, 10))

    @pytest.mark.parametrize(
        ("d_output", "error", "match"),
        [
            (
                draw(3, 5, 4),
                ValueError,
                r"d_output must have shape \(T=5, B=3, H=4\), got \(3, 5, 4\): "
                r"time comes first; use d_output.transpose\(1, 0, 2\)",
            ),
            (draw(4, 3, 4), ValueError, r"d_output .*got \(4, 3, 4\): check"),
            (draw(5, 3, 10), ValueError, r"d_output .*got \(5, 3, 10\)"),
            (draw(3, 4), ValueError, r"d_output .*got \(3, 4\)"),
            (draw(5, 3, 4, dtype=float), ValueError, "d_output must be float32, got float64"),
            (np.ones((5, 3, 4), int), ValueError, "d_output must be of floats, got dtype int64"),
            (None, TypeError, "d_output must be an array .*, got NoneType"),
            (1.0, TypeError, "d_output must be an array .*, got float"),
            (
                poisoned(np.inf, 5, 3, 4, at=(1, 2, 3)),
                ValueError,
                r"d_output must be finite, got inf at index \(1, 2, 3\)",
            ),
        ],
    )
    def test_wrong_d_output(self, layer, tape, d_output, error, match):
        with pytest.raises(error, match=match):
            layer.backward(tape, d_output)

    @pytest.mark.parametrize(
        ("d_state", "error", "match"),
        [
            (draw(1, 3, 4), TypeError, r"d_state must be a tuple \(h, c\), got ndarray"),
            ((draw(1, 3, 4),), ValueError, r"d_state must hold 2 arrays \(h, c\), got 1"),
            ((draw(1, 3, 4), draw(1, 5, 4)), ValueError, r"d_state.c .*got \(1, 5, 4\)"),
            (
                (poisoned(np.nan, 1, 3, 4, at=(0, 0, 0)), draw(1, 3, 4)),
                ValueError,
                r"d_state.h must be finite",
            ),
        ],
    )
    def test_wrong_d_state(self, layer, tape, d_state, error, match):
        with pytest.raises(error, match=match):
            layer.backward(tape, draw(5, 3, 4), d_state)

    @pytest.mark.parametrize("tape", [None, "tape", draw(5, 3, 4)])
    def test_what_is_no_tape(self, layer, tape):
        with pytest.raises(TypeError, match=r"tape must come from this layer's forward, .*: call"):
            layer.backward(tape, draw(5, 3, 4))

    @pytest.mark.parametrize(
        "other",
        [
            lambda: GRU(10, 4),
            lambda: PeepholeLSTM(10, 4),
            lambda: LSTM(10, 40),  # once: wrote beyond the arrays' ends
            lambda: LSTM(10, 4, dtype="float64"),  # once: read float32 as float64
            lambda: LSTM(10, 4, num_layers=2),
            lambda: LSTM(10, 4, seed=7),
        ],
    )
    def test_the_tape_of_another_layer(self, layer, other):
        foreign = other()
        tape = foreign.forward(draw(5, 3, 10))
        with pytest.raises(TypeError, match="tape must come from this layer's forward"):
            layer.backward(tape, np.zeros_like(tape.output))

    def test_a_layer_index_that_does_not_exist(self, layer, tape):
        gradients = layer.backward(tape, draw(5, 3, 4), through_time=True)
        for ask in (tape.states, tape.gates, gradients.states):
            for wrong in (1, -1):
                with pytest.raises(ValueError, match=f"layer must be 0, .* got layer={wrong}"):
                    ask(layer=wrong)
            with pytest.raises(ValueError, match="one direction, got reverse=True: make it with"):
                ask(reverse=True)
            with pytest.raises(TypeError, match="layer must be an int, got str"):
                ask(layer="l0")


class TestConstruction:
    @pytest.mark.parametrize("size", [0, -1, -100])
    def test_sizes_below_one(self, size):
        with pytest.raises(ValueError, match=f"input_size must be at least 1, got {size}: pass a"):
            LSTM(size, 4)
        with pytest.raises(ValueError, match=f"hidden_size must be at least 1, got {size}"):
            LSTM(4, size)

    @pytest.mark.parametrize(
        ("sizes", "amount"),
        [
            ({"hidden_size": 2**64}, r"1\.63e\+22 EB"),
            ({"hidden_size": 10**6}, r"48 TB"),
            ({"input_size": 2**40}, r"211 TB"),
            ({"num_layers": 10**15}, r"576 PB"),
        ],
    )
    def test_sizes_beyond_the_memory(self, sizes, amount):
        with pytest.raises(
            ValueError,
            match=rf"the parameters of .* must fit into memory, .*, got {amount}: choose",
        ):
            LSTM(**({"input_size": 3, "hidden_size": 4} | sizes))

    @pytest.mark.parametrize("size", [True, 4.0, "4", None, (4,), np.float64(3)])
    def test_sizes_that_are_no_ints(self, size):
        with pytest.raises(
            TypeError, match=f"input_size must be an int, got {type(size).__name__}"
        ):
            LSTM(size, 4)
        with pytest.raises(TypeError, match="hidden_size must be an int"):
            LSTM(4, size)

    def test_sizes_of_numpy_are_ints(self):
        sizes: Any = (np.int64(3), np.int32(4))
        layer = GRU(*sizes)
        assert (layer.input_size, layer.hidden_size) == (3, 4)
        assert type(layer.hidden_size) is int

    def test_unknown_cells(self):
        with pytest.raises(ValueError, match="got 'lstmm': did you mean 'lstm'"):
            Recurrent("lstmm", 3, 4)
        with pytest.raises(TypeError, match="cell must be a name or a definition"):
            Recurrent(LSTM, 3, 4)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "dtype",
        ["float16", "int32", "complex64", "single precision", int, None, ">f4", "f4,(", [1], ">f8"],
    )
    def test_unknown_dtypes(self, dtype):
        with pytest.raises(ValueError, match=r"dtype must be float32 or float64, got '.*': train"):
            LSTM(3, 4, dtype=dtype)
        with pytest.raises(ValueError, match="dtype must be float32 or float64"):
            LSTM(3, 4).astype(dtype)

    @pytest.mark.parametrize("dtype", ["float64", np.float64, np.dtype("f8"), float, "<f8", "=f8"])
    def test_dtypes_by_any_of_their_names(self, dtype):
        assert LSTM(3, 4, dtype=dtype).dtype == "float64"

    def test_unknown_init(self):
        with pytest.raises(ValueError, match=r"init must be one of .*got 'glorrot': did you mean"):
            LSTM(3, 4, init="glorrot")

    @pytest.mark.parametrize("bias", [1.0, 0, "chrono"])
    @pytest.mark.parametrize("name", ["rnn", "rnn-relu"])
    def test_a_forget_bias_for_a_cell_that_keeps_nothing(self, name, bias):
        with pytest.raises(ValueError, match=f"forget_bias needs .*got {name}: leave forget_bias"):
            Recurrent(name, 3, 4, forget_bias=bias, chrono_tmax=10)

    def test_the_cells_that_name_the_gate_that_keeps_their_memory(self):
        accepted = {name for name in cells if cells[name].keep is not None}
        assert {"lstm", "peephole-lstm", "gru", "cifg", "janet", "ugrnn", "slstm"} <= accepted
        assert not {"rnn", "rnn-relu", "irnn", "nfg", "mgu", "mut1", "star", "scrn"} & accepted

    def test_chrono_without_a_time(self):
        with pytest.raises(ValueError, match=r"needs the longest memory in time steps: pass"):
            LSTM(3, 4, forget_bias="chrono")

    @pytest.mark.parametrize("tmax", [-1, 0, 1, 2])
    def test_chrono_of_a_time_too_short(self, tmax):
        with pytest.raises(ValueError, match=f"chrono_tmax must be at least .*, got {tmax}"):
            LSTM(3, 4, forget_bias="chrono", chrono_tmax=tmax)

    def test_chrono_of_a_time_that_is_no_int(self):
        with pytest.raises(TypeError, match="chrono_tmax must be an int, got float"):
            LSTM(3, 4, forget_bias="chrono", chrono_tmax=10.5)  # type: ignore[arg-type]

    @pytest.mark.parametrize("bias", ["crono", "1", ""])
    def test_a_forget_bias_that_is_another_word(self, bias):
        with pytest.raises(ValueError, match=f'must be a number or "chrono", got {bias!r}'):
            LSTM(3, 4, forget_bias=bias)

    @pytest.mark.parametrize("bias", [np.nan, np.inf])
    def test_a_forget_bias_that_is_not_finite(self, bias):
        with pytest.raises(ValueError, match="forget_bias must be finite"):
            LSTM(3, 4, forget_bias=bias)

    @pytest.mark.parametrize("bias", [True, [1.0], (1.0,), {}])
    def test_a_forget_bias_that_is_no_number(self, bias):
        with pytest.raises(TypeError, match='forget_bias must be a number or "chrono", got'):
            LSTM(3, 4, forget_bias=bias)

    @pytest.mark.parametrize("seed", [-1, 1.5, "seed", True])
    def test_a_seed_that_cannot_be_one(self, seed):
        with pytest.raises((TypeError, ValueError), match="seed must be"):
            LSTM(3, 4, seed=seed)

    def test_options_that_do_not_exist(self):
        with pytest.raises(TypeError, match="num_layer"):
            LSTM(3, 4, num_layer=2)  # type: ignore[call-arg]


def test_messages_are_one_line(layer):
    @cell
    def two_states(x, h, memory):
        h_new = tanh(linear("g", x, h, memory))
        return h_new, h

    for call in (
        lambda: layer(draw(5, 10)),
        lambda: layer(draw(5, 3, 10), (draw(1, 3, 4),)),
        lambda: Recurrent(two_states, 3, 4)(draw(5, 2, 3), draw(1, 2, 4)),
        lambda: LSTM(0, 4),
        lambda: layer.gate("forget"),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        assert "\n" not in str(caught.value)
