"""`rnnlab fit` and `rnnlab predict` on real files."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnlab.cli import main
from rnnlab.cli.fit import fit as command
from rnnlab.data.splitting import SEED, SHARES
from rnnlab.experiments.settings.load import read_spec

Rnnlab = Callable[..., subprocess.CompletedProcess[str]]
QUICK = ("--seeds=1", "--hidden=6", "--epochs=4", "--jobs=1")


def drift(sequences: int = 40) -> pd.DataFrame:
    """Return walks that drift up or down: the direction is the label, the drift a number."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(sequences):
        up = number % 2
        value = rng.normal()
        for step in range(rng.integers(4, 9)):
            value += rng.normal(1.0 if up else -1.0, 0.3)
            rows.append((f"w{number}", step, value, ("dry", "wet")[step % 2], ("down", "up")[up]))
    return pd.DataFrame(rows, columns=["id", "time", "height", "weather", "label"])


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "walks.csv"
    drift().to_csv(path, index=False)
    return path


def without_seconds(path: Path) -> list[str]:
    return [line.rpartition(",")[0] for line in path.read_text(encoding="utf-8").splitlines()]


def test_from_a_table_to_predictions(rnnlab: Rnnlab, data: Path, tmp_path: Path) -> None:
    arguments = ["fit", "walks.csv", "--cell=gru", "--cell=lstm,hidden=7", "--seeds=2",
                 "--hidden=8", "--epochs=12", "--lr=0.02", "--batch=8", "--schedule=cosine",
                 "--dropout=0.1", "--jobs=2"]  # fmt: skip
    done = rnnlab(*arguments)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert printed[0] == "fit: classification of label in walks.csv"
    assert '  inferred: target column "label", by its name' in printed
    assert "  features: height, weather (2 words)" in printed
    assert "  baseline on the test part: majority class, accuracy 0." in " ".join(printed)
    assert "4 runs into results/fit-walks, 2 at a time" in printed
    folder = tmp_path / "results" / "fit-walks"
    files = ["metrics.csv", "summary.csv", "loss-curves.png", "manifest.json"]
    assert printed[-5:-1] == [f"results/fit-walks/{name}" for name in files]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*files, "models"])
    best = Path(printed[-1].removeprefix("Lowest validation loss: "))

    metrics = pd.read_csv(folder / "metrics.csv")
    assert list(metrics) == [
        "cell", "seed", "part", "epoch", "update", "loss", "accuracy", "learning_rate",
        "grad_norm", "status", "seconds",
    ]  # fmt: skip
    tests = metrics[metrics["part"] == "test"]
    assert tests[["cell", "seed"]].to_numpy().tolist() == [
        ["gru", 0], ["gru", 1], ["lstm,hidden=7", 0], ["lstm,hidden=7", 1],
    ]  # fmt: skip
    summary = pd.read_csv(folder / "summary.csv")
    assert summary["cell"].tolist() == ["gru", "lstm,hidden=7"]
    for _, row in summary.iterrows():
        scores = tests[tests["cell"] == row["cell"]]["accuracy"]
        assert row["accuracy"] == pytest.approx(scores.mean())
        assert row["ci_low"] <= row["accuracy"] <= row["ci_high"]
        assert row["accuracy"] > 0.9 > 0.6 > row["baseline"]
    validation = metrics[metrics["part"] == "validation"]
    lowest = validation.sort_values("loss", kind="stable").iloc[0]
    label = str(lowest["cell"]).replace(",", "_")
    assert best == Path(f"results/fit-walks/models/{label}-seed-{lowest['seed']}.safetensors")

    predicted = rnnlab("predict", str(best), "walks.csv")
    assert (predicted.returncode, predicted.stdout) == (0, "walks-predictions.csv\n")
    found = pd.read_csv(tmp_path / "walks-predictions.csv")
    truth = drift().groupby("id", sort=False)["label"].first()
    assert found["id"].tolist() == truth.index.tolist()
    assert (found["predicted_label"].to_numpy() == truth.to_numpy()).mean() > 0.9

    again = rnnlab(*arguments)
    assert (again.returncode, again.stderr) == (0, "")
    assert "4 runs into results/fit-walks, all done before" in again.stdout
    other = rnnlab(*arguments, "--lr=0.03")
    assert other.returncode == 2
    assert "must hold a result of the same settings, got lr = 0.02 there and 0.03" in other.stderr


def test_a_fit_that_was_killed_goes_on_with_the_same_numbers(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job in this process; the checkpoint is that of an epoch in the middle."""
    from rnnlab.training import loop

    arguments = ["fit", str(data), *QUICK, "--batch=16", "--schedule=plateau", "--zoneout=0.2"]
    assert main([*arguments, "--out=whole"]) == 0

    real: Any = vars(loop)["training_step"]
    calls = iter(range(1000))

    def dies(*given: Any, **options: Any) -> Any:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*given, **options)

    monkeypatch.setattr(loop, "training_step", dies)
    monkeypatch.setattr(loop.train, "__kwdefaults__", {
        **(loop.train.__kwdefaults__ or {}), "checkpoint_seconds": 0.0,
    })  # fmt: skip
    assert main([*arguments, "--out=cut"]) == 130
    kept = list((tmp_path / "cut" / "checkpoints").iterdir())
    assert [file.name for file in kept] == ["gru-seed-0.checkpoint"]
    calls = iter(range(100, 1000))
    assert main([*arguments, "--out=cut"]) == 0
    assert not (tmp_path / "cut" / "checkpoints").exists()
    one, other = (tmp_path / name for name in ("whole", "cut"))
    assert without_seconds(one / "metrics.csv") == without_seconds(other / "metrics.csv")
    name = "models/gru-seed-0.safetensors"
    assert (one / name).read_bytes() == (other / name).read_bytes()
    assert next(calls) == 106  # 8 updates, of which 2 were in the checkpoint


@pytest.mark.slow
def test_a_fit_that_was_killed_from_outside_goes_on(data: Path, tmp_path: Path) -> None:
    import sys

    command_line = [sys.executable, "-m", "rnnlab.cli", "fit", "walks.csv", "--seeds=1",
                    "--hidden=32", "--jobs=1", "--epochs=12000", "--patience=none"]  # fmt: skip
    process = subprocess.Popen(
        [*command_line, "--out=cut"], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    checkpoint = tmp_path / "cut" / "checkpoints" / "gru-seed-0.checkpoint"
    end = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    assert checkpoint.exists()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for out in ("cut", "whole"):
        subprocess.run([*command_line, f"--out={out}"], cwd=tmp_path, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
    one, other = (tmp_path / out / "metrics.csv" for out in ("cut", "whole"))
    assert without_seconds(one) == without_seconds(other)


@pytest.mark.parametrize(
    ("options", "first", "columns"),
    [
        (["--target=height", "--read=every"], "regression of height", ["id", "time"]),
        (["--target=height", "--horizon=2"], "regression of height", ["id", "time"]),
        (["--features=height", "--read=every"], "classification of label", ["id", "time"]),
    ],
)
def test_other_questions_to_the_same_table(
    options: list[str], first: str, columns: list[str], data: Path, capsys: Any
) -> None:
    assert main(["fit", str(data), *QUICK, *options, "--out=fit"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"fit: {first} in ")
    assert main(["predict", "fit/models/gru-seed-0.safetensors", str(data), "--out=p.csv"]) == 0
    found = pd.read_csv("p.csv")
    target = first.rpartition(" ")[2]
    assert list(found)[:3] == [*columns, f"predicted_{target}"]
    assert len(found) == len(drift())
    if "--horizon=2" in options:
        (said,) = re.findall(r"baselines on the test part: (mean), .*; (last value), rmse", printed)
        assert said == ("mean", "last value")


def test_several_targets_and_names_with_commas(data: Path, capsys: Any) -> None:
    """One row for each target, each with its baselines; columns named one by one or in quotes."""
    rng = np.random.default_rng(1)
    frame = drift().drop(columns=["weather", "label"])
    frame["temp, inside"] = frame["height"] + rng.standard_normal(len(frame))
    frame["pa"] = 1e5 + 1e4 * rng.standard_normal(len(frame))
    frame.to_csv(data, index=False)
    given = ["--target=height", "--target", '"temp, inside",pa', "--horizon=1", "--out=fit"]
    assert main(["fit", str(data), *QUICK, "--seeds=2", *given]) == 0
    printed = capsys.readouterr().out
    assert "baselines on the test part: mean, relative_rmse" in printed
    assert "Scores of each target:\n" in printed
    assert "fit/targets.csv" in printed.splitlines()
    targets = pd.read_csv("fit/targets.csv")
    assert targets["target"].tolist() == ["height", "temp, inside", "pa"] * 2
    assert list(targets) == [
        "cell", "seed", "target", "rmse", "mae", "relative_rmse", "baseline_constant",
        "baseline_last",
    ]  # fmt: skip
    height, _, pa = (rows for _, rows in targets.groupby("target", sort=False))
    assert (pa["rmse"] > 1000 * height["rmse"].max()).all()
    summary = pd.read_csv("fit/summary.csv")
    assert "rmse" not in summary
    assert summary["relative_rmse"].item() < 1.2
    model = "fit/models/gru-seed-0.safetensors"
    assert main(["predict", model, str(data), "--out=p.csv"]) == 0
    assert pd.read_csv("p.csv").columns[3] == "predicted_temp, inside"
    capsys.readouterr()
    assert main(["fit", str(data), "--target", "temp, inside"]) == 2
    assert "a name with a comma goes between quotes, as in '\"temp, inside\"'" in (
        capsys.readouterr().err
    )


def test_one_seed_has_no_interval_and_epochs_are_whole(data: Path, capsys: Any) -> None:
    assert main(["fit", str(data), *QUICK, "--epochs=1", "--out=fit"]) == 0
    *_, head, row = (
        capsys.readouterr().out.partition("best epoch:\n")[2].split("\n\n")[0].split("\n")
    )
    assert dict(zip(head.split(), row.split(), strict=True))["best_epoch"] == "1"
    assert "[" not in row
    assert pd.read_csv("fit/summary.csv")[["ci_low", "ci_high"]].isna().to_numpy().all()


def test_a_fit_grows_by_seeds_and_cells(data: Path) -> None:
    """What is there stays as it is, models too; the whole has the bits of one computed at once."""
    assert main(["fit", str(data), *QUICK, "--out=grown"]) == 0
    model = Path("grown/models/gru-seed-0.safetensors")
    before = model.stat().st_mtime_ns, without_seconds(Path("grown/metrics.csv"))
    more = [*QUICK[1:], "--seeds=2", "--cell=gru", "--cell=lstm,hidden=7"]
    assert main(["fit", str(data), *more, "--out=grown"]) == 0
    assert main(["fit", str(data), *more, "--out=whole"]) == 0
    assert model.stat().st_mtime_ns == before[0]
    assert without_seconds(Path("grown/metrics.csv"))[: len(before[1])] == before[1]
    for name in ("metrics.csv", "summary.csv"):
        one, other = (without_seconds(Path(folder) / name) for folder in ("grown", "whole"))
        assert one == other
    for file in sorted(Path("whole/models").iterdir()):
        assert (Path("grown/models") / file.name).read_bytes() == file.read_bytes()


def test_predictions_are_in_the_order_of_the_file(data: Path) -> None:
    frame = drift().sort_values("time", kind="stable")
    frame.to_csv(data, index=False)
    given = ["--target=height", "--features=weather", "--read=every", "--out=fit"]
    assert main(["fit", str(data), *QUICK, *given]) == 0
    assert main(["predict", "fit/models/gru-seed-0.safetensors", str(data), "--out=p.csv"]) == 0
    found = pd.read_csv("p.csv")
    assert found["id"].tolist() == frame["id"].tolist()
    assert found["time"].tolist() == frame["time"].tolist()


def test_weights_count_in_a_batch_of_one(data: Path) -> None:
    """And their unit does not: four times as much of all is the same."""
    import rnnlab

    frame = drift(12)
    given: dict[str, Any] = {
        "seeds": 1, "hidden": 4, "epochs": 2, "jobs": 1, "batch": 1, "optimizer": "sgd",
        "features": ["height", "weather"],
    }  # fmt: skip
    up = frame["label"] == "up"
    found = []
    for number, weights in enumerate((None, np.where(up, 5.0, 1), np.where(up, 20.0, 4))):
        own: dict[str, Any] = {} if weights is None else {"weight": "w"}
        table = frame if weights is None else frame.assign(w=weights)
        result = rnnlab.fit(table, "label", out=f"fit-{number}", **own, **given)
        found.append(result.metrics.drop(columns="seconds"))
    without, once, four = found
    assert (without["loss"] != once["loss"]).all()
    pd.testing.assert_frame_equal(once, four)


def test_shares_count_where_a_column_is_called_split(data: Path, capsys: Any) -> None:
    """The manifest says how the table was split; the column is a feature only if named."""
    frame = drift()
    part = frame["id"].str[1:].astype(int) % 4
    frame["split"] = part.map({0: "train", 1: "train", 2: "val", 3: "test"})
    frame.to_csv(data, index=False)

    def settings(*options: str) -> Any:
        assert main(["fit", str(data), *QUICK, "--epochs=1", "--force", "--out=fit", *options]) == 0
        given = json.loads(Path("fit/manifest.json").read_text())["settings"]
        return given["split"], given["split_seed"], capsys.readouterr().out

    split, seed, printed = settings()
    assert (split, seed) == ("split", None)
    assert "  validation  10 sequences" in printed
    split, seed, printed = settings("--split=.5,.3,.2", "--split-seed=4")
    assert (split, seed) == ([0.5, 0.3, 0.2], 4)
    assert "  validation  12 sequences" in printed
    assert '  inferred: split column "split", not used: the parts are shares of the' in printed
    assert "  features: height, weather (2 words)" in printed
    assert main(["fit", str(data), "--split-seed=4", "--out=fit"]) == 2
    assert capsys.readouterr().err == (
        'Error: split_seed must go with shares, got 4 and the column "split", which assigns the '
        "parts: leave the seed out, or give shares with --split 0.7,0.15,0.15\n"
    )
    drift().to_csv(data, index=False)
    assert settings()[:2] == (list(SHARES), SEED)


def test_a_frame_from_python_gives_the_numbers_of_the_file(data: Path) -> None:
    import rnnlab

    given: dict[str, Any] = {"seeds": 1, "hidden": 6, "epochs": 3, "jobs": 1}
    one = rnnlab.fit(data, "label", out="one", **given)
    other = rnnlab.fit(pd.read_csv(data), "label", out="other", **given)
    pd.testing.assert_frame_equal(
        one.metrics.drop(columns="seconds"), other.metrics.drop(columns="seconds")
    )
    assert (other.path / "data.csv").exists()
    model = rnnlab.load_fitted(other.path / "models" / "gru-seed-0.safetensors")
    assert len(model.predict(pd.read_csv(data))) == 40
    # again: nothing to do; another table in the same folder: refused
    rnnlab.fit(pd.read_csv(data), "label", out="other", **given)
    with pytest.raises(ValueError, match="must hold the same table, got another one: replace it"):
        rnnlab.fit(pd.read_csv(data).assign(height=0.5), "label", out="other", **given)


def test_a_run_that_diverges_says_so(data: Path, capsys: Any) -> None:
    """Rectified units and a rate beyond all bounds: no score, a count, and exit 0."""
    given = ["--cell=rnn-relu", "--cell=gru", "--optimizer=sgd", "--lr=1e300", "--clip=none"]
    assert main(["fit", str(data), *QUICK, *given, "--out=fit"]) == 0
    assert "diverged in epoch 1" in capsys.readouterr().err
    summary = pd.read_csv("fit/summary.csv").set_index("cell")
    assert summary.loc["rnn-relu", "diverged"] == 1
    assert summary.loc["rnn-relu", "accuracy"] == 0
    assert not Path("fit/models").exists()


def test_a_changed_table_is_another_result(data: Path, capsys: Any) -> None:
    assert main(["fit", str(data), *QUICK, "--out=fit"]) == 0
    text = data.read_text().replace("dry", "wet")
    data.write_text(text)
    assert main(["fit", str(data), *QUICK, "--out=fit"]) == 2
    assert "must hold a result of the same settings, got data_sha256" in capsys.readouterr().err
    assert main(["fit", str(data), *QUICK, "--out=fit", "--force"]) == 0
    manifest = json.loads(Path("fit/manifest.json").read_text())
    assert manifest["settings"]["data"] == "walks.csv"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.csv"], "the data must be a file that can be read, got"),
        (["walks.csv", "--target=lable"], "target column must be one of"),
        (["walks.csv", "--cell=gur"], "cell must be one of"),
        (["walks.csv", "--cell=gru", "--cell=gru"], "labels of cells must be different, got gru"),
        (["walks.csv", "--split=.5,x,.2"], "split must be three shares or the name of a column"),
        (["walks.csv", "--split=height"], 'column "height": the part must be the same in all rows'),
        (["walks.csv", "--epochs=0"], "epochs must be a whole number of at least 1, got 0"),
        (
            ["walks.csv", "--patience=soon"],
            "patience must be a whole number of evaluations or none, got",
        ),
        (["walks.csv", "--lr=0"], "lr must be a number above 0, got 0.0"),
        (["walks.csv", "--dropout=1"], "dropout must be a number from 0 to below 1, got 1.0"),
        (["walks.csv", "--optimizer=adma"], "optimizer must be one of .* did you mean 'adam'"),
        (["walks.csv", "--schedule=cosin"], "schedule must be one of .* did you mean 'cosine'"),
        (["walks.csv", "--warmup=200"], "warmup must end before the last of the 100 steps"),
        (["walks.csv", "--clip=1", "--clip-value=1"], "clip and clip_value must not both be set"),
        (["walks.csv", "--forget-bias=1"], "forget_bias must reach a cell with a gate f"),
        (["walks.csv", "--jobs=0"], "jobs must be a whole number of at least 1"),
        (
            ["walks.csv", "--target=height", "--horizon=1", "--bidirectional"],
            "a forecast must be made by layers of one direction",
        ),
        (["walks.csv", "--read=first"], "read must be one of every, last"),
    ],
)
def test_what_the_user_got_wrong_is_a_line_and_nothing_is_written(
    arguments: list[str], message: str, data: Path, tmp_path: Path, capsys: Any
) -> None:
    assert main(["fit", *arguments, "--out=fit"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: ")
    assert re.search(message, line), line
    assert [path.name for path in tmp_path.iterdir()] == ["walks.csv"]


def test_a_bad_row_is_named_by_line_and_column(data: Path, tmp_path: Path, capsys: Any) -> None:
    lines = data.read_text().splitlines()
    fields = lines[16].split(",")
    lines[16] = ",".join([*fields[:2], "n/a", *fields[3:]])
    data.write_text("\n".join(lines) + "\n")
    assert main(["fit", "walks.csv"]) == 2
    assert capsys.readouterr().err == (
        "Error: walks.csv, line 17, column \"height\": must be a number, got 'n/a': correct it, "
        "leave the field empty, or name the column in --text if it holds words\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["walks.csv"]


def test_predict_keeps_what_is_there_and_names_what_is_wrong(data: Path, capsys: Any) -> None:
    assert main(["fit", str(data), *QUICK, "--out=fit"]) == 0
    model = "fit/models/gru-seed-0.safetensors"
    assert main(["predict", model, "walks.csv"]) == 0
    before = Path("walks-predictions.csv").read_bytes()
    capsys.readouterr()
    for arguments, message in (
        ([model, "walks.csv"], "walks-predictions.csv must not be there yet, got a file: replace"),
        (["no.safetensors", "walks.csv"], "the model must be a file that can be read, got"),
        (["walks.csv", "walks.csv"], "must be a complete safetensors file, got one that is cut"),
        ([model, "no.csv", "--out=q.csv"], "the data must be a file that can be read, got"),
        ([model, "walks.csv", "--out=no/q.csv"], "out must be a file that can be written, got"),
    ):
        assert main(["predict", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert Path("walks-predictions.csv").read_bytes() == before
    assert main(["predict", model, "walks.csv", "--force"]) == 0


def test_the_defaults_that_help_states_are_those_of_the_settings() -> None:
    settings: Any = read_spec("fit", {"data": "table.csv"})
    for option in command.params:
        said = (getattr(option, "help", "") or "").partition("[default: ")[2].rstrip("]")
        name = str(option.name)
        if said and hasattr(settings, name) and name not in ("features", "split", "out"):
            default = SEED if name == "split_seed" else getattr(settings, name)
            assert said == str(default if name != "cells" else "gru"), name
    said = next(str(vars(one)["help"]) for one in command.params if one.name == "split")
    assert said.endswith(f"else {','.join(map(str, SHARES))}]")
