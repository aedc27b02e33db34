"""Layers and models as files: back as they were, or an error that says what is wrong."""

from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load as from_safetensors
from safetensors.numpy import save as to_safetensors

import rnnlab
from rnnlab import GRU, LSTM, Recurrent, cell, linear, sigmoid, tanh
from rnnlab.layers import saving
from rnnlab.layers.saving import FORMAT_VERSION, KEY
from rnnlab.registry import cells
from rnnlab.training import SequenceModel

DATA = Path(__file__).parent / "data"

MINE = """
from rnnlab import cell, linear, tanh

@cell
def mine(x, h):
    return tanh(linear("g", x, h)) + 0.5 * h
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "saved.safetensors"


def description_of(path):
    with safe_open(path, "numpy") as file:
        return json.loads(file.metadata()[KEY])


def rewrite(path, description=None, **arrays):
    """Write the file anew with another description or other arrays (None takes one out)."""
    held = from_safetensors(path.read_bytes()) | arrays
    held = {name: array for name, array in held.items() if array is not None}
    metadata = {KEY: json.dumps(description_of(path) if description is None else description)}
    path.write_bytes(to_safetensors(held, metadata))


def assert_same(one, other):
    assert repr(one) == repr(other)
    assert one.cell is other.cell
    assert list(one.parameters) == list(other.parameters)
    for name, array in one.parameters.items():
        assert other.parameters[name].dtype == array.dtype
        np.testing.assert_array_equal(other.parameters[name], array)


class TestRoundTrip:
    @pytest.mark.parametrize("layout", [(1, False), (3, False), (2, True)], ids=str)
    @pytest.mark.parametrize("learned", [False, True])
    @pytest.mark.parametrize(
        "name", ["rnn", "peephole-lstm", "fastgrnn", "slstm"]
    )  # scalars, vectors
    def test_layers(self, name, layout, learned, dtype, path):
        layer = Recurrent(
            name,
            3,
            5,
            num_layers=layout[0],
            bidirectional=layout[1],
            learn_initial_state=learned,
            dtype=dtype,
            seed=8,
        )
        for array in layer.parameters.values():
            array += 0.25
        assert layer.save(path) == path
        again = rnnlab.load(path)
        assert_same(layer, again)
        x = np.ones((4, 2, 3), dtype)
        np.testing.assert_array_equal(again(x)[0], layer(x)[0])
        again.parameters["weight_ih_l0"][:] = 0  # its own arrays, which can be written to
        assert layer.parameters["weight_ih_l0"].any()

    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_models(self, bidirectional, dtype, path):
        layer = LSTM(3, 5, num_layers=2, bidirectional=bidirectional, dtype=dtype)
        model = SequenceModel(layer, 4, seed=2)
        model.readout_bias[:] = np.arange(4)
        assert model.save(str(path)) == path
        again = rnnlab.load(str(path))
        assert isinstance(again, SequenceModel)
        assert_same(model.layer, again.layer)
        x = np.ones((4, 2, 3), dtype)
        np.testing.assert_array_equal(again.predict(x), model.predict(x))

    def test_the_same_layer_gives_the_same_bytes(self, tmp_path):
        layer = GRU(3, 5, num_layers=2, seed=1)
        one, other = layer.save(tmp_path / "one"), copy.deepcopy(layer).save(tmp_path / "other")
        assert one.read_bytes() == other.read_bytes()

    def test_arrays_in_another_order_come_back_as_they_were(self, path):
        """Safetensors takes bytes as they are in memory: once, Fortran's came back transposed."""
        layer = GRU(3, 3, seed=1)
        arrays = {name: np.asfortranarray(array) for name, array in layer.parameters.items()}
        described = saving.describe(layer.architecture, layer.seed)
        description = saving.Description(kind="layer", layer=described)
        saving.write(path, arrays, layer.parameter_shapes, description)
        assert_same(layer, rnnlab.load(path))

    def test_numbers_that_are_not_finite_are_kept(self, path):
        layer = GRU(3, 5)
        layer.parameters["bias_l0"][:] = np.nan
        assert np.isnan(rnnlab.load(layer.save(path)).parameters["bias_l0"]).all()

    def test_any_reader_of_the_format_can_read_it(self, path):
        layer = LSTM(3, 5).astype("float64")
        layer.save(path)
        arrays = from_safetensors(path.read_bytes())
        assert arrays.keys() == layer.parameters.keys()
        np.testing.assert_array_equal(arrays["weight_hh_l0"], layer.parameters["weight_hh_l0"])
        description = description_of(path)
        assert description["format_version"] == FORMAT_VERSION
        assert description["layer"]["hidden_size"] == 5
        assert description["layer"]["cell"] == {
            "name": "lstm",
            "file": None,
            "equations": cells["lstm"].fingerprint,
        }


class TestOlderFiles:
    """Written by format version 1: parameter number k holds sin(k + 0, 1, 2, ...)."""

    def test_a_layer(self):
        layer = rnnlab.load(DATA / "layer-format-1.safetensors")
        twin = LSTM(
            2,
            3,
            num_layers=2,
            bidirectional=True,
            learn_initial_state=True,
            dtype="float64",
            seed=np.random.default_rng(0),
        )
        self.fill(twin.parameters)
        assert_same(layer, twin)

    def test_a_model(self):
        model = rnnlab.load(DATA / "model-format-1.safetensors")
        twin = SequenceModel(GRU(2, 3, seed=np.random.default_rng(0)), 2)
        self.fill(twin.parameters)
        assert_same(model.layer, twin.layer)
        np.testing.assert_array_equal(model.readout_weight, twin.readout_weight)
        np.testing.assert_array_equal(model.readout_bias, twin.readout_bias)

    def fill(self, parameters):
        for k, array in enumerate(parameters.values()):
            array[:] = np.sin(k + np.arange(array.size)).reshape(array.shape)

    def test_they_are_small(self):
        files = list(DATA.iterdir())
        assert len(files) == 2
        assert all(file.stat().st_size < 10_000 for file in files)


class TestOwnCells:
    @cell
    def inside(x, h):  # noqa: N805
        return tanh(linear("g", x, h)) + 0.5 * h

    @pytest.fixture
    def file(self, tmp_path):
        file = tmp_path / "mine.py"
        file.write_text(MINE)
        return file

    def test_by_definition_or_file(self, file, path):
        layer = Recurrent(f"{file}:mine", 3, 5)
        layer.save(path)
        assert description_of(path)["layer"]["cell"]["file"] == "mine.py:mine"
        assert str(file.parent) not in path.read_bytes().decode("latin-1")
        for own in (layer.cell, f"{file}:mine", self.inside):
            again = rnnlab.load(path, cell=own)
            np.testing.assert_array_equal(
                again.parameters["weight_hh_l0"], layer.parameters["weight_hh_l0"]
            )

    def test_models_take_it_too(self, path):
        SequenceModel(Recurrent(self.inside, 3, 5), 2).save(path)
        assert rnnlab.load(path, cell=self.inside).layer.cell is self.inside

    def test_a_file_does_not_run_code(self, file, path, monkeypatch):
        """Even where the file that it names lies in reach."""
        Recurrent(f"{file}:mine", 3, 5).save(path)
        monkeypatch.chdir(file.parent)
        file.write_text("raise SystemExit")
        with pytest.raises(
            ValueError,
            match=r"needs the cell 'mine' of mine.py:mine, which is not a registered one: pass it",
        ):
            rnnlab.load(path)

    def test_a_cell_that_no_file_holds(self, path):
        @cell
        def nowhere(x, h):
            return tanh(linear("g", x, h))

        Recurrent(nowhere, 3, 5).save(path)
        with pytest.raises(ValueError, match=r"needs the cell 'nowhere', which is not .*cell=my_"):
            rnnlab.load(path)
        assert rnnlab.load(path, cell=nowhere).cell is nowhere

    def test_the_wrong_cell(self, path):
        @cell
        def inside(x, h):
            return tanh(linear("g", x, h)) + 0.25 * h

        Recurrent(self.inside, 3, 5).save(path)
        with pytest.raises(
            ValueError, match="needs the cell 'inside' with equations .*, got 'insi"
        ):
            rnnlab.load(path, cell=inside)
        with pytest.raises(ValueError, match="got 'rnn' with"):
            rnnlab.load(path, cell="rnn")
        with pytest.raises(ValueError, match="did you mean"):
            rnnlab.load(path, cell="lstmm")

    def test_a_registered_name_with_other_equations(self, path):
        """A cell of one's own that is called as a registered one is not taken for it."""

        @cell
        def gru(x, h):
            z = sigmoid(linear("z", x, h))
            return (1 - z) * tanh(linear("n", x, h)) + z * h

        Recurrent(gru, 3, 5).save(path)
        with pytest.raises(
            ValueError, match="needs the cell 'gru' with equations .*: pass the cell"
        ):
            rnnlab.load(path)


class TestDamage:
    @pytest.fixture
    def saved(self, path):
        return LSTM(3, 5, num_layers=2, seed=1).save(path)

    @pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.99])
    def test_files_that_are_cut_off(self, saved, share):
        data = saved.read_bytes()
        saved.write_bytes(data[: int(share * len(data))])
        with pytest.raises(
            ValueError, match=r"must be a complete safetensors file, got one that is cu"
        ):
            rnnlab.load(saved)

    def test_a_byte_short_and_a_byte_over(self, saved):
        data = saved.read_bytes()
        for other in (data[:-1], data + b"\0"):
            saved.write_bytes(other)
            with pytest.raises(ValueError, match=r"must be a complete safetensors file"):
                rnnlab.load(saved)

    @pytest.mark.parametrize("text", [b"cell,delay\nlstm,10\n", pickle.dumps([1]), b"\0" * 1000])
    def test_files_of_another_kind(self, path, text):
        path.write_bytes(text)
        with pytest.raises(ValueError, match=r"cut off or of another kind"):
            rnnlab.load(path)

    @pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
    def test_files_of_another_program(self, path, metadata):
        path.write_bytes(to_safetensors({"weight_ih_l0": np.zeros(3)}, metadata))
        with pytest.raises(
            ValueError, match="a safetensors file of another program: set the arrays"
        ):
            rnnlab.load(path)

    def test_files_of_a_newer_format(self, saved):
        newer = {"format_version": FORMAT_VERSION + 1, "rnnlab": "9.9", "something": "else"}
        rewrite(saved, newer)
        with pytest.raises(
            ValueError,
            match="format version 3 or older, got 4, written by rnnlab .9.9.: update rnn",
        ):
            rnnlab.load(saved)

    @pytest.mark.parametrize(
        ("key", "value", "match"),
        [
            ("input_size", 0, "at layer.input_size: Input should be greater than 0"),
            ("input_size", "3", "at layer.input_size: Input should be a valid integer"),
            ("bidirectional", "no", "at layer.bidirectional"),
            ("dtype", "float16", "at layer.dtype"),
            ("cell", "lstm", "at layer.cell"),
        ],
    )
    def test_descriptions_of_what_cannot_be(self, saved, key, value, match):
        description = description_of(saved)
        description["layer"][key] = value
        rewrite(saved, description)
        with pytest.raises(ValueError, match=f"got a damaged description {match}") as caught:
            rnnlab.load(saved)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("description", [[], {}, "text", {"format_version": "1"}])
    def test_descriptions_that_are_none(self, saved, description):
        rewrite(saved, description)
        with pytest.raises(ValueError, match="got a damaged description"):
            rnnlab.load(saved)

    def test_a_model_without_its_size(self, saved):
        rewrite(saved, description_of(saved) | {"kind": "model"})
        with pytest.raises(ValueError, match="must hold the output_size of its model"):
            rnnlab.load(saved)

    def test_everything_that_differs_is_named(self, saved):
        rewrite(
            saved,
            bias_l1=None,
            weight_ih_l0=np.zeros((20, 4), np.float32),
            weight_hh_l1=np.zeros((20, 5)),
            p_i_l0=np.zeros(5, np.float32),
        )
        with pytest.raises(ValueError, match="must hold the arrays of its lstm layer") as caught:
            rnnlab.load(saved)
        for words in (
            "bias_l1 is missing",
            "p_i_l0 has no place in it",
            "weight_ih_l0 is float32 (20, 4) instead of float32 (20, 3)",
            "weight_hh_l1 is float64 (20, 5) instead of float32 (20, 5)",
        ):
            assert words in str(caught.value)

    @pytest.mark.parametrize("key", ["num_layers", "hidden_size", "input_size"])
    def test_sizes_beyond_the_file_are_not_allocated(self, saved, key):
        description = description_of(saved)
        description["layer"][key] = 10**12
        rewrite(saved, description)
        with pytest.raises(ValueError, match="must hold"):
            rnnlab.load(saved)

    def test_a_readout_that_is_missing(self, path):
        SequenceModel(GRU(3, 5), 4).save(path)
        rewrite(path, readout_bias=None)
        with pytest.raises(ValueError, match="readout_bias is missing"):
            rnnlab.load(path)

    def test_files_that_are_not_there(self, path):
        with pytest.raises(FileNotFoundError, match="saved.safetensors"):
            rnnlab.load(path)
        with pytest.raises(ValueError, match="must be a file that save wrote, got a folder"):
            rnnlab.load(path.parent)


class TestWriting:
    def test_a_failed_write_leaves_the_old_file_and_nothing_else(self, path, monkeypatch):
        LSTM(3, 5, seed=1).save(path)
        before = path.read_bytes()

        def full_disk(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            LSTM(3, 5, seed=2).save(path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_a_new_file_takes_the_place_of_the_old_one(self, path):
        """It is not written over: whoever reads meanwhile has the old one or the new one."""
        LSTM(3, 5, seed=1).save(path)
        before = path.stat().st_ino
        LSTM(3, 5, seed=2).save(path)
        assert path.stat().st_ino != before

    def test_what_could_not_be_read_back_is_not_written(self, path):
        layer = LSTM(3, 5)
        layer.parameters["bias_l0"].resize(7, refcheck=False)
        with pytest.raises(ValueError, match=r"bias_l0 is float32 \(7,\) instead of float32 \(20,"):
            layer.save(path)
        model = SequenceModel(GRU(3, 5), 2)
        model.readout_bias.resize(7, refcheck=False)
        with pytest.raises(ValueError, match=r"readout_bias is float32 \(7,\) instead of"):
            model.save(path)
        assert not path.exists()


class TestCopies:
    """Pickles and deep copies of layers, models and states."""

    @pytest.mark.parametrize("clone", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
    def test_layers_and_models(self, clone):
        layer = LSTM(3, 5, num_layers=2, bidirectional=True, learn_initial_state=True, seed=1)
        twin = clone(layer)
        assert_same(layer, twin)
        assert type(twin) is LSTM
        x = np.ones((4, 2, 3), np.float32)
        twin.parameters["weight_hh_l1"][:] = 0
        assert not np.array_equal(twin(x)[0], layer(x)[0])  # its arrays are its own, and in use
        model = SequenceModel(layer, 4)
        np.testing.assert_array_equal(clone(model).predict(x), model.predict(x))
        tape = twin.forward(x)
        assert (
            twin.backward(tape, np.ones_like(tape.output)).parameters.keys()
            == twin.parameters.keys()
        )

    def test_states(self):
        _, state = LSTM(3, 5)(np.ones((4, 2, 3), np.float32))
        again = pickle.loads(pickle.dumps(state))
        assert type(again) is type(state)
        np.testing.assert_array_equal(again.c, state.c)
        assert type(copy.deepcopy(state)) is type(state)

    def test_a_layer_whose_cell_is_nowhere_can_be_copied(self):
        @cell
        def nowhere(x, h):
            return tanh(linear("g", x, h))

        layer = Recurrent(nowhere, 3, 5)
        assert copy.deepcopy(layer).cell is nowhere
        with pytest.raises(pickle.PicklingError, match="defined at the top level of a file"):
            pickle.dumps(layer)
