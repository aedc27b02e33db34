"""Parameters by name: what an assignment accepts, and what becomes of it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from rnnlab import GRU, LSTM, RNN
from rnnlab.layers import Recurrent
from rnnlab.training import SGD, SequenceModel

X = np.random.default_rng(1).standard_normal((5, 3, 10)).astype("float32")


def draw(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.fixture
def layer():
    return LSTM(10, 4)


WRONG = [
    (draw(16, 9), r"got float32 \(16, 9\): check the axes"),
    (draw(10, 16), r"got float32 \(10, 16\): use \.T"),
    (draw(160), r"got float32 \(160,\)"),
    (draw(16, 10, dtype=float), r"got float64 \(16, 10\): use \.astype\('float32'\)"),
    (draw(16, 10, dtype=">f4"), r"got >f4 \(16, 10\): use \.astype\('float32'\)"),
    (np.zeros((16, 10), int), r"got int64 .*: use \.astype\('float32'\)"),
    (draw(16, 10).tolist(), r"got float64"),
]


class TestAssignment:
    @pytest.mark.parametrize(("value", "match"), WRONG)
    def test_of_another_shape_or_dtype(self, layer, value, match):
        before = layer.parameters["weight_ih_l0"].copy()
        with pytest.raises(
            ValueError, match=r"parameter weight_ih_l0 must be float32 \(16, 10\), "
        ):
            layer.parameters["weight_ih_l0"] = value
        with pytest.raises(ValueError, match=match):
            layer.parameters.update(weight_ih_l0=value)
        np.testing.assert_array_equal(layer.parameters["weight_ih_l0"], before)

    def test_of_what_is_no_array(self, layer):
        with pytest.raises(TypeError, match="bias_l0 must be an array, got NoneType"):
            layer.parameters["bias_l0"] = None
        with pytest.raises(ValueError, match="bias_l0 must have no masked entries"):
            layer.parameters["bias_l0"] = np.ma.masked_less(draw(16), 0)
        with pytest.raises(ValueError, match=r"parameter bias_l0 must be finite, got nan at index"):
            layer.parameters["bias_l0"] = np.full(16, np.nan, np.float32)

    @pytest.mark.parametrize("value", [np.asfortranarray(draw(16, 10)), draw(10, 16).T])
    def test_copies_the_numbers_whatever_their_layout(self, layer, value):
        live = layer.parameters["weight_ih_l0"]
        layer.parameters["weight_ih_l0"] = value
        twin = LSTM(10, 4, seed=layer.seed)
        twin.parameters["weight_ih_l0"][:] = value
        np.testing.assert_array_equal(layer(X)[0], twin(X)[0])
        assert layer.parameters["weight_ih_l0"] is live
        value[:] = 0  # the caller's array is the caller's
        np.testing.assert_array_equal(layer(X)[0], twin(X)[0])

    def test_an_optimiser_made_before_sees_it(self, layer):
        optimizer = SGD(layer.parameters, 1.0)
        layer.parameters["bias_l0"] = np.ones(16, np.float32)
        optimizer.step({name: np.ones_like(array) for name, array in layer.parameters.items()})
        assert (layer.parameters["bias_l0"] == 0).all()

    def test_in_place_changes_take_effect(self, layer):
        before = layer(X)[0]
        layer.parameters["weight_hh_l0"] *= 2
        layer.parameters["bias_l0"][:4] = 1
        layer.parameters["weight_ih_l0"] += np.float32(0.5)
        assert not np.array_equal(layer(X)[0], before)

    def test_two_arrays_can_change_places(self):
        layer = RNN(4, 4)
        first, second = (layer.parameters[name].copy() for name in ("weight_ih_l0", "weight_hh_l0"))
        layer.parameters.update(
            weight_ih_l0=layer.parameters["weight_hh_l0"],
            weight_hh_l0=layer.parameters["weight_ih_l0"].T,
        )
        np.testing.assert_array_equal(layer.parameters["weight_ih_l0"], second)
        np.testing.assert_array_equal(layer.parameters["weight_hh_l0"], first.T)


class TestNames:
    @pytest.mark.parametrize(
        "assign",
        [
            lambda p, new: p.__setitem__("wieght_ih_l0", new),
            lambda p, new: p.update({"bias_l0": np.ones(16, np.float32), "wieght_ih_l0": new}),
            lambda p, new: p.update([("wieght_ih_l0", new)]),
            lambda p, new: p.update(wieght_ih_l0=new),
            lambda p, new: p.__ior__({"wieght_ih_l0": new}),
            lambda p, new: p.setdefault("wieght_ih_l0", new),
        ],
    )
    def test_unknown_ones(self, layer, assign):
        before = {name: array.copy() for name, array in layer.parameters.items()}
        with pytest.raises(ValueError, match=r"got 'wieght_ih_l0': did you mean 'weight_ih_l0'\?"):
            assign(layer.parameters, draw(16, 10))
        assert layer.parameters.keys() == before.keys()
        for name, array in before.items():  # all of an update, or nothing
            np.testing.assert_array_equal(layer.parameters[name], array)

    @pytest.mark.parametrize(
        "remove",
        [
            lambda p: p.__delitem__("bias_l0"),
            lambda p: p.pop("bias_l0"),
            lambda p: p.popitem(),
            lambda p: p.clear(),
        ],
    )
    def test_none_can_be_removed(self, layer, remove):
        with pytest.raises(
            TypeError, match=r"parameters cannot be removed, got '\w+': a layer need"
        ):
            remove(layer.parameters)
        assert len(layer.parameters) == 3

    @pytest.mark.parametrize("name", ["weight_ih_l0", "bias_ih_l0", "weight_hh_l1_reverse"])
    def test_they_are_no_attributes(self, layer, name):
        """PyTorch's are; here the assignment would be lost."""
        with pytest.raises(AttributeError, match=rf"use layer\.parameters\['{name}'\] = array"):
            setattr(layer, name, draw(16, 10))

    def test_all_of_them_cannot_be_replaced(self, layer):
        with pytest.raises(
            AttributeError, match=r"cannot be replaced, got dict: use parameters.upd"
        ):
            layer.parameters = dict(layer.parameters)
        layer.parameters |= {"bias_l0": np.ones(16, np.float32)}
        assert (layer.parameters["bias_l0"] == 1).all()

    def test_reading(self, layer):
        assert "bias_l0" in layer.parameters
        assert layer.parameters.get("bias") is None
        with pytest.raises(KeyError, match="bias"):
            layer.parameters["bias"]
        assert set(layer.parameters | {"more": draw(1)}) == {*layer.parameters, "more"}
        assert layer.parameters.setdefault("bias_l0", draw(16)) is layer.parameters["bias_l0"]
        assert "bias_l0: float32 (16,)" in repr(layer.parameters)


class TestStateOfPyTorch:
    """Once, copying a state_dict by its names raised nothing and set no bias."""

    @pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
    @pytest.mark.parametrize("at_once", [False, True])
    def test_by_name(self, name, at_once):
        module = getattr(torch.nn, name)(10, 4, num_layers=2, bidirectional=True)
        layer = Recurrent(name.lower(), 10, 4, num_layers=2, bidirectional=True)

        def copy_by_name():
            if at_once:
                layer.parameters.update(module.state_dict())
            for key, tensor in module.state_dict().items():
                layer.parameters[key] = tensor

        match = r"got 'bias_ih_l0': .*parameters\['bias_l0'\] = bias_ih_l0 \+ bias_hh_l0"
        with pytest.raises(ValueError, match=match):
            copy_by_name()

    def test_as_the_message_says(self):
        module, layer = torch.nn.LSTM(10, 4), LSTM(10, 4)
        state = dict(module.state_dict())
        layer.parameters["bias_l0"] = state.pop("bias_ih_l0") + state.pop("bias_hh_l0")
        layer.parameters.update(state)
        theirs, _ = module(torch.tensor(X))
        np.testing.assert_allclose(layer(X)[0], theirs.detach().numpy(), atol=1e-6)

    def test_of_a_gru_as_the_message_says(self):
        module, layer = torch.nn.GRU(10, 4), GRU(10, 4)
        state = dict(module.state_dict())
        with pytest.raises(
            ValueError, match=r"last third of bias_hh_l0 \(n\), which is bias_hn_l0"
        ):
            layer.parameters["bias_hh_l0"] = state["bias_hh_l0"]
        hidden = state.pop("bias_hh_l0").clone()
        layer.parameters["bias_hn_l0"] = hidden[8:]
        hidden[8:] = 0
        layer.parameters["bias_l0"] = state.pop("bias_ih_l0") + hidden
        layer.parameters |= state
        theirs, _ = module(torch.tensor(X))
        np.testing.assert_allclose(layer(X)[0], theirs.detach().numpy(), atol=1e-6)

    def test_a_tensor_that_requires_grad(self):
        module, layer = torch.nn.LSTM(10, 4), LSTM(10, 4)
        match = r"requires grad.*: pass weight_ih_l0\.detach\(\)\.cpu\(\)\.numpy\(\)"
        with pytest.raises(TypeError, match=match):
            layer.parameters["weight_ih_l0"] = module.weight_ih_l0


class TestLiveArrays:
    """The kernels read them at every call: what was done to them in place is seen there."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda array: array.resize((16, 3), refcheck=False),
            lambda array: setattr(array, "shape", (10, 16)),
            lambda array: setattr(array, "dtype", np.int32),
            lambda array: setattr(array, "dtype", ">f4"),
        ],
    )
    @pytest.mark.parametrize("call", ["__call__", "forward", "step", "gate"])
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_changed_in_place(self, layer, change, call):
        change(layer.parameters["weight_ih_l0"])
        with pytest.raises(ValueError, match=r"parameter weight_ih_l0 must be .*changed in place"):
            getattr(layer, call)({"gate": "f", "step": X[0]}.get(call, X))
        with pytest.raises(ValueError, match=r"parameter weight_ih_l0 must be .*changed in place"):
            layer.parameters["weight_ih_l0"] = draw(16, 10)

    def test_read_only_ones_can_be_read(self, layer):
        before = layer(X)[0]
        for array in layer.parameters.values():
            array.flags.writeable = False
        np.testing.assert_array_equal(layer(X)[0], before)

    @pytest.mark.parametrize("clone", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
    def test_copies_have_their_own(self, clone):
        model = SequenceModel(LSTM(10, 4), 2)
        twin = clone(model)
        twin.parameters["weight_ih_l0"] = np.zeros((16, 10), np.float32)
        twin.parameters["readout_bias"] = np.ones(2, np.float32)
        assert not twin.layer.parameters["weight_ih_l0"].any()
        assert model.layer.parameters["weight_ih_l0"].any()
        assert (twin.predict(X) - model.predict(X)).any()
        assert clone(model.parameters).keys() == model.parameters.keys()
