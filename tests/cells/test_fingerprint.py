"""Which cell it is: fingerprints, and the way back from a pickle."""

from __future__ import annotations

import copy
import pickle

import pytest

from rnnlab import cell, linear, sigmoid, tanh, vector
from rnnlab.cells import find_cell, gru, lstm
from rnnlab.registry import cells

COUPLED = """
from rnnlab import cell, linear, sigmoid, tanh

@cell(keep="f")
def coupled(x, h, c):
    f = sigmoid(linear("f", x, h, bias=1.0))
    g = tanh(linear("g", x, h))
    c = f * c + (1 - f) * g
    return tanh(c), c
"""


@cell(keep="f")
def coupled(x, h, c):
    f = sigmoid(linear("f", x, h, bias=1.0))
    g = tanh(linear("g", x, h))
    c = f * c + (1 - f) * g
    return tanh(c), c


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(COUPLED)
    return path


class TestFingerprint:
    def test_cells_differ(self):
        known: dict[str, list[str]] = {}
        for name in cells:
            known.setdefault(cells[name].fingerprint, []).append(name)
        assert all(len(digits) == 16 and int(digits, 16) for digits in known)
        # The same computation under two names: another start, and what an ablation is left with.
        twins = [names for names in known.values() if len(names) > 1]
        assert twins == [["rnn-relu", "irnn"], ["lstm", "np"]]

    def test_the_same_equations_have_one(self, file):
        assert find_cell(f"{file}:coupled").fingerprint == coupled.fingerprint

    def test_names_of_variables_starts_and_free_order_do_not_count(self):
        @cell(name="other")
        def renamed(x, h, c):
            keep = sigmoid(linear("f", x, h, bias=-3.0))
            new = tanh(linear("g", x, h))
            write = 1 - keep
            memory = new * write + c * keep
            return tanh(memory), memory

        assert renamed.fingerprint == coupled.fingerprint

    def test_what_is_computed_counts(self):
        @cell
        def sign(x, h, c):
            f = sigmoid(linear("f", x, h))
            g = tanh(linear("g", x, h))
            c = f * c - (1 - f) * g
            return tanh(c), c

        @cell
        def constant(x, h, c):
            f = sigmoid(linear("f", x, h))
            g = tanh(linear("g", x, h))
            c = f * c + (2 - f) * g
            return tanh(c), c

        @cell
        def unbiased(x, h, c):
            f = sigmoid(linear("f", x, h, bias=None))
            g = tanh(linear("g", x, h))
            c = f * c + (1 - f) * g
            return tanh(c), c

        @cell
        def vectors(x, h, c):
            f = sigmoid(linear("f", x, h) + vector("p"))
            g = tanh(linear("g", x, h))
            c = f * c + (1 - f) * g
            return tanh(c), c

        known = {c.fingerprint for c in (coupled, sign, constant, unbiased, vectors)}
        assert len(known) == 5

    def test_where_a_number_lies_in_the_arrays_counts(self):
        """The same function of differently stacked weights: a file of one is not the other's."""

        @cell
        def swapped(x, h, c):
            g = tanh(linear("g", x, h))
            f = sigmoid(linear("f", x, h))
            c = f * c + (1 - f) * g
            return tanh(c), c

        assert swapped.fingerprint != coupled.fingerprint


class TestPickle:
    @pytest.mark.parametrize("name", cells.names())
    def test_a_registered_cell_is_itself_again(self, name):
        assert pickle.loads(pickle.dumps(cells[name])) is cells[name]

    def test_a_cell_of_a_module_is_itself_again(self, monkeypatch, tmp_path):
        (tmp_path / "module_of_cells.py").write_text(COUPLED)
        monkeypatch.syspath_prepend(str(tmp_path))
        import module_of_cells  # type: ignore[import-not-found]

        assert pickle.loads(pickle.dumps(module_of_cells.coupled)) is module_of_cells.coupled

    def test_a_cell_of_a_file_is_read_from_it_again(self, file, monkeypatch, tmp_path_factory):
        monkeypatch.chdir(file.parent)
        data = pickle.dumps(find_cell("mine.py:coupled"))
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        again = pickle.loads(data)
        assert again.fingerprint == coupled.fingerprint
        assert again.name == "coupled"

    def test_other_equations_under_the_name_are_noticed(self, file):
        data = pickle.dumps(find_cell(f"{file}:coupled"))
        file.write_text(COUPLED.replace("1 - f", "0.5 - f"))
        with pytest.raises(
            ValueError, match="must have the equations it was pickled with, got oth"
        ):
            pickle.loads(data)

    def test_a_cell_made_inside_a_function_says_where_to_put_it(self):
        @cell
        def hidden(x, h):
            return tanh(linear("g", x, h))

        with pytest.raises(
            pickle.PicklingError, match="must be defined at the top level of a file, got 'hid"
        ):
            pickle.dumps(hidden)

    def test_copies_are_the_cell_itself(self):
        @cell
        def hidden(x, h):
            return tanh(linear("g", x, h))

        for one in (lstm, gru, hidden):
            assert copy.copy(one) is one
            assert copy.deepcopy({"cell": one})["cell"] is one
