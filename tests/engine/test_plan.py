"""The plan of a step: its products, their stages, and the places of values."""

from __future__ import annotations

from rnnlab.cells import cell, gru, lstm, peephole_lstm, rnn
from rnnlab.engine.plan import Place, make_plan
from rnnlab.equations import linear, sigmoid, tanh


@cell(keep="z")
def gru_reset_before(x, h):
    r = sigmoid(linear("r", x, h))
    z = sigmoid(linear("z", x, h))
    n = tanh(linear("n", x, r * h))
    return (1 - z) * n + z * h


@cell(keep="f")
def full_peephole(x, h, c):
    i = sigmoid(linear("i", x, h, c))
    f = sigmoid(linear("f", x, h, c))
    c = f * c + i * tanh(linear("g", x, h))
    o = sigmoid(linear("o", x, h, c))
    return o * tanh(c), c


def test_one_product_for_x_and_one_for_h():
    for definition in (rnn, lstm, peephole_lstm, gru):
        plan = make_plan(definition)
        assert [product.source for product in plan.products] == ["x", "state"]
        assert plan.stages == 1


def test_gru_lanes_overlap():
    """n_x, r, z, n_h: x feeds the first three, h the last three, each as neighbours."""
    plan = make_plan(gru)
    assert [gru.maps[position] for position in plan.lanes] == ["n", "r", "z", "n"]
    x, h = plan.products
    assert (x.first_lane, len(x.blocks)) == (0, 3)
    assert (h.first_lane, len(h.blocks)) == (1, 3)
    assert x.blocks == (2, 0, 1)  # rows n, r, z of weight_ih, which holds r, z, n


def test_lstm_gates_lie_in_their_own_lanes():
    plan = make_plan(lstm)
    gates = lstm.equations.gates
    for lane, name in enumerate(["i", "f", "g", "o"]):
        assert plan.places[gates[name].index] == Place("lane", lane)
    assert plan.values == 1  # tanh(c)


def test_rnn_keeps_no_lanes():
    plan = make_plan(rnn)
    assert not plan.keeps_lanes
    assert plan.values == 0


def test_computed_operand_adds_a_stage():
    plan = make_plan(gru_reset_before)
    assert plan.stages == 2
    assert [(p.source, p.stage, p.blocks) for p in plan.products] == [
        ("x", 0, (0, 1, 2)),
        ("state", 0, (0, 1)),
        ("operand", 1, (2,)),
    ]
    assert plan.operands == (Place("value", 0),)


def test_operand_that_is_a_new_state_needs_no_buffer():
    plan = make_plan(full_peephole)
    assert plan.stages == 2
    assert plan.operands == (Place("state", 1),)
    assert [(p.source, p.index, p.array) for p in plan.products] == [
        ("x", 0, "weight_ih"),
        ("state", 0, "weight_hh"),
        ("state", 1, "weight_ch"),
        ("operand", 0, "weight_ch"),
    ]


def test_a_lane_that_is_not_complete_is_not_overwritten():
    """Stage 0 may not put results into a lane to which stage 1 still adds."""
    plan = make_plan(full_peephole)
    late = plan.lane_of(full_peephole.equations.maps[3])
    nodes = {node.index: node for node in full_peephole.equations.graph.nodes}
    for index, place in plan.places.items():
        if place == Place("lane", late):
            assert plan.stage(nodes[index]) == 1
