"""The same results on other processors than this one, and without compilation."""

from __future__ import annotations

import platform

import pytest

pytestmark = pytest.mark.slow  # every cell is compiled anew for each processor

COMPARE = """
import numpy as np
import rnnlab
from rnnlab.cells import cell
from rnnlab.engine import PassInputs, ReferenceEngine
from rnnlab.engine.intrinsics import target
from rnnlab.equations import linear, sigmoid, tanh
from rnnlab.registry import cells

@cell
def two_stages(x, h):
    r = sigmoid(linear("r", x, h))
    return tanh(linear("n", x, r * h)) + 0.5 * h

rng = np.random.default_rng(7)
worst = 0.0
for definition in [*(cells[name] for name in cells), two_stages]:
    for dtype, bound in (("float64", 1e-10), ("float32", 1e-4)):
        layer = rnnlab.Recurrent(definition, 5, 37, dtype=dtype, init="torch", seed=rng)
        x = rng.standard_normal((11, 19, 5)).astype(dtype)
        state = [rng.standard_normal((1, 19, 37)).astype(dtype) for _ in definition.states]
        d_output = rng.standard_normal((11, 19, 37)).astype(dtype)
        tape = layer.forward(x, state)
        got = layer.backward(tape, d_output, state)
        engine = ReferenceEngine(definition, dtype)
        bare = {name.removesuffix("_l0"): array for name, array in layer.parameters.items()}
        record = engine.forward(PassInputs(bare, x, [s[0] for s in state]))
        expected = engine.backward(record, d_output, [s[0] for s in state])
        for name, array in expected.parameters.items():
            scale = max(1, np.abs(array).max())
            worst = max(worst, np.abs(got.parameters[name + "_l0"] - array).max() / scale / bound)
        worst = max(worst, np.abs(tape.output - record.states[0][1:]).max() / bound)
        worst = max(worst, np.abs(got.input - expected.input).max() / bound)
print(target().vector_bits, worst < 1)
"""

X86 = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="names of x86 processors"
)


@X86
@pytest.mark.parametrize(
    ("cpu", "features", "bits"),
    [
        ("haswell", "+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+popcnt,+sse4.2", 256),
        ("x86-64", "+sse2", 128),
    ],
)
def test_other_processors(run_python, cpu, features, bits):
    result = run_python(COMPARE, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features)
    assert result.stdout.split() == [str(bits), "True"]


def test_without_compilation(run_python):
    result = run_python(
        COMPARE.replace("print(target()", "print(0 * target()"), NUMBA_DISABLE_JIT="1"
    )
    assert result.stdout.split() == ["0", "True"]
