"""Character-level prediction on a text of the user's: bits a character on what was held out."""

from __future__ import annotations

import dataclasses
import math
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rnnlab.registry import unknown_name
from rnnlab.tasks.scoring import class_answers
from rnnlab.tasks.task import Task


@dataclass(frozen=True)
class TextPrediction(Task):
    """Predict the next character of a text.

    The text is cut into three parts, one after the other: the first 80 % are for training, 10 % for
    validation, the last 10 % for a test. `draw` takes windows from random places of one part. A
    model is trained on the part "train" and scored on `held_out()`, the part "validation".

    Parameters
    ----------
    file : str
        A text in UTF-8. Its different characters, of all three parts, are the classes.
    length : int
        T, the characters of a window; at least 1. Every part must be longer.
    part : "train", "validation" or "test"
        Which part `draw` takes from.

    Raises
    ------
    ValueError
        If the file cannot be read, is no text or is too short; if a setting is wrong.
    """

    loss = "cross-entropy"
    metrics = ("loss", "bits_per_character")
    headline = "bits_per_character"
    higher_is_better = False
    span = "length"
    paper = (
        "Graves 2013, Generating sequences with recurrent neural networks, arXiv 1308.0850; "
        "any text"
    )
    files = ("file",)
    differs = "windows from random places, each from a state of 0; the text is the user's"

    parts: ClassVar[dict[str, tuple[float, float]]] = {  # from, to, as shares of the text
        "train": (0.0, 0.8),
        "validation": (0.8, 0.9),
        "test": (0.9, 1.0),
    }

    file: str
    length: int = 50
    part: Literal["train", "validation", "test"] = "train"

    def __post_init__(self) -> None:
        self._settle("file", _path(self.file))
        self._settle_size("length", 1, "there is no character to predict otherwise")
        if self.part not in self.parts:
            raise ValueError(unknown_name("part", self.part, self.parts))
        for part in self.parts:
            if len(self._characters(part)) <= self.length:
                needed = math.ceil((self.length + 1) / 0.1)
                raise ValueError(
                    f"every part of {self.file} must be longer than length={self.length}, got "
                    f"{len(self._characters(part))} characters for {part}: use a text of at least "
                    f"{needed} characters or a smaller length"
                )

    @property
    def alphabet(self) -> str:
        """The different characters of the text, in the order of their code points."""
        return _read(self.file, _state_of(self.file))[0]

    @property
    def input_size(self) -> int:
        """I, the number of different characters."""
        return len(self.alphabet)

    @property
    def output_size(self) -> int:
        """O, the same."""
        return len(self.alphabet)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The characters, quoted."""
        return tuple(map(repr, self.alphabet))

    @property
    def output_names(self) -> tuple[str, ...]:
        """The same."""
        return self.input_names

    @cached_property
    def chance(self) -> float:
        """Unigram entropy of the whole text, in bits: a model that sees nothing at all."""
        return _entropy(self._counts.sum(axis=0))

    @property
    def baseline_loss(self) -> float:
        """The same in nats."""
        return self.chance * math.log(2)

    @cached_property
    def solved_at(self) -> float:
        """Bigram entropy of the whole text, in bits.

        No model that sees the present character alone says less of this text.
        """
        rows = self._counts.sum(axis=1)
        shares = rows / rows.sum()
        return float(
            sum(
                share * _entropy(row)
                for share, row in zip(shares, self._counts, strict=True)
                if share > 0
            )
        )

    def held_out(self) -> TextPrediction:
        """Return the task on the part "validation" if this one trains, else this one."""
        return dataclasses.replace(self, part="validation") if self.part == "train" else self

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw where the windows begin; the next character is the target at each step."""
        characters = self._characters(self.part)
        starts = rng.integers(len(characters) - self.length, size=batch)
        places = np.arange(self.length)[:, None] + starts
        return characters[places], characters[places + 1]

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return `loss`, the cross-entropy in nats, and the same in bits, `bits_per_character`."""
        loss = class_answers(outputs, targets).loss()
        return {"loss": loss, "bits_per_character": loss / math.log(2)}

    def _characters(self, part: str) -> NDArray[np.int64]:
        """Return the characters of a part by their numbers in the alphabet."""
        whole = _read(self.file, _state_of(self.file))[1]
        begin, end = (round(share * len(whole)) for share in self.parts[part])
        return whole[begin:end]

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """How often each character (row) is followed by each (column)."""
        whole, size = _read(self.file, _state_of(self.file))[1], self.input_size
        return np.bincount(whole[:-1] * size + whole[1:], minlength=size**2).reshape(size, size)


def _path(file: object) -> str:
    if not isinstance(file, str | os.PathLike):
        raise TypeError(
            f"file must be the path of a text, got {file!r} ({type(file).__name__}): "
            'write file="book.txt"'
        )
    return os.fspath(file)


def _state_of(file: str) -> tuple[int, int]:
    """Return what changes when a file is changed."""
    try:
        state = Path(file).stat()
    except OSError as error:
        raise ValueError(_unreadable(file, error)) from None
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=4)
def _read(file: str, _state: tuple[int, int]) -> tuple[str, NDArray[np.int64]]:
    """Return the alphabet of a text, and the text as numbers in it; a changed file is read anew."""
    try:
        text = Path(file).read_bytes().decode("utf-8")
    except OSError as error:
        raise ValueError(_unreadable(file, error)) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file} must be a text in UTF-8, got a byte that is not at {error.start}: "
            "convert it, as with iconv -f latin1 -t utf-8"
        ) from None
    if not text:
        raise ValueError(f"{file} must hold a text, got an empty file: name another one")
    alphabet, numbers = np.unique(list(text), return_inverse=True)
    if len(alphabet) < 2:
        raise ValueError(
            f"{file} must hold two different characters or more, got only {text[0]!r}: "
            "there is nothing to predict; name another text"
        )
    return "".join(alphabet), numbers


def _unreadable(file: str, error: OSError) -> str:
    return f"file must be a text that can be read, got {file!r}: {error.strerror}; check the path"


def _entropy(counts: NDArray[np.int64]) -> float:
    """Return the entropy of a distribution given by counts, in bits."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
