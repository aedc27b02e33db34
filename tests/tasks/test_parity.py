"""Parity against counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab.tasks import Parity


@pytest.mark.parametrize("length", [2, 9])
def test_the_answer_is_whether_the_number_of_ones_is_odd(length: int) -> None:
    for asked in ("last", "every"):
        task = Parity(length, asked)
        inputs, targets = task.draw(64, np.random.default_rng(5))
        for bits, answers in zip(inputs[..., 0].T.tolist(), targets.T.tolist(), strict=True):
            counted = [sum(bits[: t + 1]) % 2 for t in range(length)]
            if asked == "last":
                counted[:-1] = [-1] * (length - 1)
            assert answers == counted


def test_both_settings_draw_the_same_bits() -> None:
    one, other = (
        Parity(6, asked).draw(8, np.random.default_rng(1))[0].tobytes()
        for asked in ("last", "every")
    )
    assert one == other


def test_the_guess_of_the_present_bit_is_right_once_more_than_half() -> None:
    # 4 steps: the first is its own parity, of the other three every second: 2.5 of 4
    task = Parity(4, "every")
    assert task.chance == 2.5 / 4
    entropy = -(0.625 * math.log(0.625) + 0.375 * math.log(0.375))
    assert task.baseline_loss == pytest.approx(entropy, rel=1e-12)
    assert Parity(4).baseline_loss == pytest.approx(math.log(2), rel=1e-12)


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="asked must be one of every, last, got 'lats': did you"):
        Parity(4, "lats")  # type: ignore[arg-type]
