"""Does today's code give an older commit's results, to the last digit? python tools/same_results.py COMMIT

A new message or check changes what `studies.code.version` says of the code, so that every stored result counts as one
of older code, and to measure all of them anew takes hours. This runs a sample of every kind of stored result under both
codes, on this machine, each in a process of its own. If all numbers are equal, docs/same_results.csv says so, and
results of the older code stand for today's; if one differs, nothing is written: measure anew what it touches.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "same_results.csv"
STUDIES = ROOT / "cdae_lessons" / "data_files" / "studies"
STORED = [*sorted(STUDIES.glob("*.csv")), ROOT / "docs" / "search" / "comparison.csv"]
SHORT, LONG = "60 steps", "450 steps"  # in the long ones images are mirrored and shifted, too
NOISE, N_TRAIN = "gaussian p=0.5 sigma=1", 20
TRAININGS = 60  # of tools/short_trainings.py, which draws sets, sizes, networks, noises and precisions


def main() -> int:
    """Run the sample under both codes, compare, and record that nothing differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit", help="whose code made the stored results")
    parser.add_argument("--data-dir", help="where PneumoniaMNIST is")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        json.dump({"versions": versions(), "numbers": dict(_numbers(asked.data_dir))}, sys.stdout)
        return 0
    with tempfile.TemporaryDirectory() as place:
        older = Path(place) / "older"
        subprocess.run(["git", "worktree", "add", "--detach", older, asked.commit], cwd=ROOT, check=True)
        try:
            before, now = (_measured(tree, asked) for tree in (older, ROOT))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", older], cwd=ROOT, check=True)
    if others := differing(before["numbers"], now["numbers"]):
        print("\n".join(f"differs: {name}" for name in others))
        return 1
    from cdae_lessons.backend import describe

    made = {"numbers": len(now["numbers"]), "date": date.today(), "processor": describe()["device"]}
    rows = [
        {"what": what, "before": before["versions"][what], "now": version, **made}
        for what, version in now["versions"].items()
    ]
    kept = pd.read_csv(RECORD) if RECORD.exists() else pd.DataFrame()
    pd.concat([kept, pd.DataFrame(rows)]).to_csv(RECORD, index=False, lineterminator="\n")
    print(f"All {len(now['numbers'])} are equal. Written to {RECORD}.")
    return 0


def stand_for(made: str, now: str, *, record: Path = RECORD) -> bool:
    """Whether results of the code `made` are those of the code `now`: the same code, or found equal, step by step.

    Parameters
    ----------
    made, now : str
        As from ``code.version``.
    record : Path
        The CSV file of what was found equal.

    Returns
    -------
    bool
    """
    table = pd.read_csv(record)
    reached, waiting = {made}, [made]
    while waiting:
        found = set(table.loc[table["before"].eq(waiting.pop()), "now"]) - reached
        reached |= found
        waiting += found
    return now in reached


def differing(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """The names under which two samples hold other numbers, or one of them none."""
    return [name for name in {**before, **now} if name not in before or before[name] != now.get(name)]


def versions() -> dict[str, str]:
    """What `code.version` says of all that is stored."""
    import make_weights
    import tune_baselines

    from cdae_lessons.studies import code

    sets = {name for file in STORED for name in pd.read_csv(file)["dataset"]} | {"phantoms"}
    tools = {"make_weights": make_weights.STARTS, "tune_baselines": tune_baselines.STARTS}
    return {
        **{name: code.version(name) for name in sorted(sets)},
        **{name: code.version("brain", starts=starts) for name, starts in tools.items()},
    }


def configurations() -> list[dict[str, Any]]:
    """One short run of each set, network, recipe and size that is stored, and of the paper's tables."""
    stored = pd.concat([pd.read_csv(file) for file in STORED])
    kinds = stored[["dataset", "network", "recipe", "size"]].drop_duplicates().to_dict(orient="records")
    paper = pd.read_csv(ROOT / "docs" / "results.csv")["method"].drop_duplicates()
    kinds += [{"dataset": "brain", "network": name, "size": 64, "split": "paper", "n_train": 300} for name in paper]
    common = {"noise": NOISE, "n_train": N_TRAIN, "epochs": SHORT, "seed": 1}
    found = [common | {key: value for key, value in kind.items() if value != "tuned"} for kind in kinds]
    return [*found, *(found[0] | {"network": name, "epochs": LONG} for name in ("cnn_dae", "unet"))]


def _measured(tree: Path, asked: argparse.Namespace) -> dict[str, Any]:
    print(f"Measuring with the code of {tree.name} ...", flush=True)
    command = [sys.executable, __file__, asked.commit, "--measure"]
    command += ["--data-dir", str(Path(asked.data_dir).resolve())] if asked.data_dir else []
    done = subprocess.run(
        command, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, stdout=subprocess.PIPE, check=True, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _numbers(data_dir: str | None) -> Iterator[tuple[str, Any]]:
    """Every number that the sample gives, by the name of its run."""
    import make_weights
    import short_trainings

    from cdae_lessons import datasets, denoisers, models, noise, training
    from cdae_lessons.studies.configuration import Configuration
    from cdae_lessons.studies.measuring import measure
    from cdae_lessons.widgets.denoise import CLASSICAL

    for fields in configurations():
        config = Configuration(**fields)
        result = measure(config, data_dir=data_dir)
        yield str(config) + f", {config.size}", {key: result[key] for key in ("scores", "history", "validation_ssim")}
    for number in range(TRAININGS):
        yield f"short training {number}", short_trainings.trained(number)
    clean = datasets.load("brain", n=40, seed=make_weights.SEED).images
    model = models.cnn_dae(clean.shape[1], seed=0)
    training.fit(model, clean, make_weights.any_gaussian, recipe="fast", steps=60, seed=0, progress=False)
    yield "weights", sha256(b"".join(weights.tobytes() for weights in model.get_weights())).hexdigest()
    some = partial(noise.gaussian, p=1, sigma=0.3), partial(noise.poisson, p=0.2), partial(noise.shot, peak=20)
    for corrupt in some:
        for method in CLASSICAL.values():
            yield f"{noise.name(corrupt)}, {method}", denoisers.tune(method, corrupt(clean[:2], rng=0), clean[:2])


if __name__ == "__main__":
    sys.exit(main())
