"""Half-lives against the forget bias: the closed form where it holds, and where it does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab import Recurrent
from rnnlab.analysis import closed_form_half_life, forget_bias_half_lives


@pytest.mark.parametrize(("bias", "steps"), [(0, 1.0), (1, 2.2), (3, 14), (5, 103)])
def test_the_closed_form(bias: float, steps: float) -> None:
    f = 1 / (1 + math.exp(-bias))
    assert closed_form_half_life(bias) == pytest.approx(math.log(0.5) / math.log(f), rel=1e-12)
    assert closed_form_half_life(bias) == pytest.approx(steps, rel=0.02)
    assert closed_form_half_life(50.0) == pytest.approx(math.log(2) * math.exp(50), rel=1e-9)


@pytest.mark.parametrize("name", ["lstm", "peephole-lstm", "gru", "janet"])
def test_gates_held_at_their_bias_have_it_along_every_path(name: str) -> None:
    """No matrix and no input moves the gate: the exact gradient is the closed form's too."""

    def still(bias: float) -> Recurrent:
        layer = Recurrent(name, 2, 6, dtype="float64", forget_bias=bias)
        for key, array in layer.parameters.items():
            if "weight" in key or key.startswith("p_"):
                array[:] = 0
        return layer

    table = forget_bias_half_lives(still, np.zeros((300, 2, 2)), [0.0, 1.0, 3.0, 5.0])
    assert set(table.path) == {"exact", "direct", "keep"}
    np.testing.assert_allclose(table.half_life, table.closed_form, rtol=1e-9)
    assert table.state.unique().tolist() == ["h" if name in ("gru", "janet") else "c"]


def test_matrices_carry_more_than_the_closed_form_says(rng: np.random.Generator) -> None:
    def drawn(bias: float) -> Recurrent:
        return Recurrent("lstm", 2, 32, dtype="float64", forget_bias=bias, num_layers=2)

    table = forget_bias_half_lives(drawn, rng.standard_normal((100, 4, 2)), [0.0, 8.0])
    assert table.state.unique().tolist() == ["c_l0", "c_l1"]
    lives = table.set_index(["forget_bias", "state", "path"]).half_life
    assert lives[0.0, "c_l0", "exact"] > 1.1 * lives[0.0, "c_l0", "keep"]
    assert lives[8.0, "c_l0", "keep"] == math.inf  # not within 100 steps


def test_a_cell_without_such_a_gate_has_no_rows() -> None:
    def relu(bias: float) -> Recurrent:
        return Recurrent("rnn-relu", 1, 3, dtype="float64")

    assert forget_bias_half_lives(relu, np.zeros((5, 1, 1)), [0.0]).empty
