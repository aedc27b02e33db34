"""Character-level prediction on a text file, scored in bits per character on held-out text."""

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

    The text is split into three parts in order: the first 80 % for training, 10 % for validation,
    the last 10 % for testing. `draw` takes windows at random positions of one part. A model is
    trained on the part "train" and scored on `held_out()`, the part "validation".

    Parameters
    ----------
    file : str
        Path of a text in UTF-8. The classes are its different characters, in all three parts.
    length : int
        T, the characters of a window; at least 1. Every part must be longer.
    part : "train", "validation" or "test"
        Part from which `draw` takes windows.

    Raises
    ------
    ValueError
        If the file cannot be read, is not UTF-8 text or is too short; if a setting is wrong.
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
    differs = "windows at random positions, each from a state of 0; the text is the user's"

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
        self._settle_size("length", 1, "there must be a character to predict")
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
        """The different characters of the text, ordered by code point."""
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
        """Bits per character of a unigram model.

        The model is estimated on the training part and evaluated on the scored part.
        """
        return self._bits(self._frequencies()[self._scored[1:]])

    @property
    def baseline_loss(self) -> float:
        """The same in nats."""
        return self.chance * math.log(2)

    @cached_property
    def solved_at(self) -> float:
        """Bits per character of a bigram model.

        The model uses the present character alone. It is estimated on the training part and
        evaluated on the scored part, as for `chance`. Rare and unseen pairs are estimated by method
        C of Witten & Bell 1991 (The zero-frequency problem, IEEE Transactions on Information Theory
        37(4)).
        """
        training, scored, size = self._characters("train"), self._scored, self.input_size
        kinds, counts = np.unique(training[:-1] * size + training[1:], return_counts=True)
        pairs = scored[:-1] * size + scored[1:]
        position = np.minimum(np.searchsorted(kinds, pairs), len(kinds) - 1)
        seen = np.where(kinds[position] == pairs, counts[position], 0)
        total = np.bincount(training[:-1], minlength=size)[scored[:-1]]
        novel = np.maximum(np.bincount(kinds // size, minlength=size), 1)[scored[:-1]]
        return self._bits((seen + novel * self._frequencies()[scored[1:]]) / (total + novel))

    def held_out(self) -> TextPrediction:
        """Return the task on the part "validation" if this one trains, else this one."""
        return dataclasses.replace(self, part="validation") if self.part == "train" else self

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw the starts of windows; the target at each step is the next character."""
        characters = self._characters(self.part)
        starts = rng.integers(len(characters) - self.length, size=batch)
        positions = np.arange(self.length)[:, None] + starts
        return characters[positions], characters[positions + 1]

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return `loss`, the cross-entropy in nats, and the same in bits, `bits_per_character`."""
        loss = class_answers(outputs, targets).loss()
        return {"loss": loss, "bits_per_character": loss / math.log(2)}

    def _characters(self, part: str) -> NDArray[np.int64]:
        """Return the characters of a part as indices into the alphabet."""
        whole = _read(self.file, _state_of(self.file))[1]
        begin, end = (round(share * len(whole)) for share in self.parts[part])
        return whole[begin:end]

    @property
    def _scored(self) -> NDArray[np.int64]:
        return self._characters(self.held_out().part)

    def _frequencies(self) -> NDArray[np.float64]:
        """Return the shares of characters in the training part, with add-one smoothing."""
        counts = np.bincount(self._characters("train"), minlength=self.input_size) + 1
        shares: NDArray[np.float64] = counts / counts.sum()
        return shares

    @staticmethod
    def _bits(shares: NDArray[np.float64]) -> float:
        """Return the bits per character of a model that gave the characters these probabilities."""
        return float(-np.log2(shares).mean())


def _path(file: object) -> str:
    if not isinstance(file, str | os.PathLike):
        raise TypeError(
            f"file must be the path of a text, got {file!r} ({type(file).__name__}): "
            'write file="book.txt"'
        )
    return os.fspath(file)


def _state_of(file: str) -> tuple[int, int]:
    """Return the time of the last change and the size of a file."""
    try:
        state = Path(file).stat()
    except OSError as error:
        raise ValueError(_unreadable(file, error)) from None
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=4)
def _read(file: str, _state: tuple[int, int]) -> tuple[str, NDArray[np.int64]]:
    """Return the alphabet of a text and the text as indices into it; read changed files again."""
    try:
        text = Path(file).read_bytes().decode("utf-8")
    except OSError as error:
        raise ValueError(_unreadable(file, error)) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file} must be a text in UTF-8, but the byte at position {error.start} is not: "
            "convert it, for example with iconv -f latin1 -t utf-8"
        ) from None
    if not text:
        raise ValueError(f"{file} must not be empty: name another text")
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    alphabet, numbers = np.unique(points, return_inverse=True)
    if len(alphabet) < 2:
        raise ValueError(
            f"{file} must contain at least two different characters, got only {text[0]!r}: "
            "name another text"
        )
    return "".join(map(chr, alphabet)), numbers


def _unreadable(file: str, error: OSError) -> str:
    return f"file must be a readable text, got {file!r}: {error.strerror}; check the path"
