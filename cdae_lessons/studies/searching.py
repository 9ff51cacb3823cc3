"""Which network suits few images? A search by Optuna, chosen on validation images, judged on test images afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cdae_lessons import plotting
from cdae_lessons.errors import InputError, check_count
from cdae_lessons.files import StrPath, folder
from cdae_lessons.progress import bar
from cdae_lessons.studies import networks, running, summary
from cdae_lessons.studies.configuration import Configuration, rivals
from cdae_lessons.studies.measuring import measure
from cdae_lessons.studies.networks import RIVALS
from cdae_lessons.studies.store import read

if TYPE_CHECKING:
    from distributed import Client
    from optuna import Study, Trial

FRESH_SEEDS = 5  # of the comparison, none of them the search's own
DEPTH = 0.2  # of the picture, below the best: what failed would press the others together
PAPER = {"depth": 2, "width": 64, "kernel_size": 3, "residual": False, "loss": "recipe"}
COLUMNS = ("network", "validation_ssim", "seconds", "weights", "front")


def search(
    case: Configuration,
    *,
    store: StrPath,
    others: Sequence[str] = (),
    n_trials: int = 60,
    client: Client | None = None,
    progress: bool = True,
    work: Callable[[Configuration], dict[str, Any]] = measure,
) -> pd.DataFrame:
    """Look for the settings of `models.encoder_decoder`, and the loss, that suit a case.

    Sought are a high validation SSIM, few seconds and few weights at once (multi-objective TPE). The paper's network,
    and the same with skips, are tried first. The journal and every
    run are kept in `store`: the same call goes on where it stopped. Test images have no part in it.

    Parameters
    ----------
    case : Configuration
        What to search for: its data set, noise, number of images, recipe, length, seed and size; any network.
    store : path
        Folder of the runs, as for `studies.run`, and of Optuna's journal, ``search.journal``.
    others : sequence of str
        Networks to measure beside those tried, in the same way.
    n_trials : int
        Networks to try in all, those of an earlier call included.
    client : distributed.Client, optional
        A Dask cluster, see `studies.connect`: as many networks at a time as it has workers.
    progress : bool
        Whether to show a bar.
    work : callable
        As for `studies.run`.

    Returns
    -------
    DataFrame
        A row a network tried, best first: ``network``, as ``networks.parse`` takes it; ``validation_ssim``; ``seconds``
        of training; ``weights``; ``front``, whether no other is better in one of the three and as good in the rest
        (None for the `others`, which come last).

    Raises
    ------
    InputError
        If Optuna is missing, the folder cannot be written, a run fails, or there are no validation images.

    References
    ----------
    T. Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019, 2623-2631,
    doi 10.1145/3292500.3330701.
    """
    n_trials, store = check_count(n_trials, what="n_trials", low=1), folder(store)
    study = _study(case, store)
    at_once = 1 if client is None else max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    done = len(_tried(study))
    with bar(n_trials, label="Search", show=progress) as shown:
        shown.update(min(done, n_trials))
        while done < n_trials:
            asked = [study.ask() for _ in range(min(at_once, n_trials - done))]
            configs = [replace(case, network=_propose(trial, case.size)) for trial in asked]
            running.run(configs, store=store, client=client, progress=False, with_rivals=False, work=work)
            for trial, config in zip(asked, configs, strict=True):
                scores = _scores(store, config)
                if scores[0] is None:
                    msg = (
                        f"A search chooses by validation images, and {case.dataset!r} has too few images to keep any. "
                        "Give it 10 images or more."
                    )
                    raise InputError(msg)
                trial.set_user_attr("network", config.network)
                study.tell(trial, scores)
            done += len(asked)
            shown.update(len(asked), note=f"best validation SSIM {_tried(study)['validation_ssim'].max():.3f}")
    beside = [replace(case, network=name) for name in others]
    running.run(beside, store=store, client=client, progress=False, with_rivals=False, work=work)
    rows = [[config.network, *_scores(store, config), None] for config in beside]
    tried = _tried(study).sort_values("validation_ssim", ascending=False).drop_duplicates("network")
    return pd.concat([tried, pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)], ignore_index=True)


def compare(
    case: Configuration,
    names: Sequence[str],
    *,
    store: StrPath,
    client: Client | None = None,
    progress: bool = True,
    work: Callable[[Configuration], dict[str, Any]] = measure,
) -> pd.DataFrame:
    """Judge networks on the test images, with fresh seeds: other training images, weights and noise than the search's.

    Parameters
    ----------
    case : Configuration
        As for `search`.
    names : sequence of str
        The best network of the search and those to compare it with.
    store, client, progress, work
        As for `search`.

    Returns
    -------
    DataFrame
        `studies.summarise`: the networks and, beside them, the noisy images and the tuned classical methods.
    """
    fresh = [case.seed + 1 + i for i in range(FRESH_SEEDS)]
    configs = [replace(case, network=name, seed=seed) for name in names for seed in fresh]
    running.run(configs, store=store, client=client, progress=progress, work=work)
    chosen, _ = summary.collect([*configs, *rivals(configs)], store=store)
    return summary.summarise(chosen)


def cases(configs: Iterable[Configuration]) -> dict[Configuration, list[str]]:
    """The searches of a spec: each case, with the networks that the best one is to be compared with.

    Raises
    ------
    InputError
        If a case has several seeds: a search has one, and the comparison takes fresh ones.
    """
    found: dict[Configuration, list[str]] = {}
    for config in configs:
        if config.network not in RIVALS:
            found.setdefault(replace(config, network="encoder_decoder"), []).append(config.network)
    without_seeds = {replace(case, seed=0) for case in found}
    if len(without_seeds) < len(found):
        msg = f"Expected one seed in the spec of a search, since the comparison takes {FRESH_SEEDS} fresh ones itself."
        raise InputError(msg)
    return found


@plotting.plain()
def pareto(tables: Mapping[str, pd.DataFrame], *, note: str = "") -> plotting.Figure:
    """Validation SSIM by weights, a panel a search: every network tried is a dot, its colour the seconds of training.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Title and table of each search, from `search`.
    note : str
        Put behind the caption: when and with what it was made.

    Returns
    -------
    Figure
    """
    caption = (
        "Networks tried: validation SSIM by number of weights. Dark is quick to train, bright is slow. Line: of so few "
        f"weights, none did better. Stars: other networks, trained in the same way. {note}"
    )
    figure, axes = plotting.subplots(1, len(tables), width=8 / len(tables), caption=caption.strip())
    slowest = max(table["seconds"].max() for table in tables.values())
    for ax, (title, table) in zip(axes.flat, tables.items(), strict=True):
        tried = table[table["front"].notna()]
        dots = ax.scatter(tried["weights"], tried["validation_ssim"], c=tried["seconds"], s=18, vmin=0, vmax=slowest)
        edge = tried.sort_values("weights")
        edge = edge[edge["validation_ssim"] > edge["validation_ssim"].cummax().shift(fill_value=-np.inf)]
        ax.step(edge["weights"], edge["validation_ssim"], where="post", color="C3", lw=1)
        for row in table[table["front"].isna()].itertuples():
            ax.plot(row.weights, row.validation_ssim, "k*", ms=9)
            ax.annotate(
                row.network, (row.weights, row.validation_ssim), (4, -10), textcoords="offset points", fontsize=8
            )
        ax.set_title(title, fontsize=10)
        ax.set(xlabel="weights", ylabel="validation SSIM", xscale="log")
        lowest = table["validation_ssim"].max() - DEPTH
        if failed := int((tried["validation_ssim"] < lowest).sum()):
            ax.set_ylim(bottom=lowest)
            ax.annotate(f"{failed} more below", (0.02, 0.02), xycoords="axes fraction", fontsize=8)
    figure.colorbar(dots, ax=axes.ravel().tolist(), label="seconds of training")
    return figure


@plotting.plain()
def write(
    out: str | Path, tried: Mapping[Configuration, pd.DataFrame], judged: Mapping[Configuration, pd.DataFrame]
) -> list[Path]:
    """Write ``tried.csv``, ``comparison.csv`` and ``search.png``, each at one stroke.

    Parameters
    ----------
    out : path
        Folder; made if it is not there.
    tried, judged : mapping of Configuration to DataFrame
        What `search` and `compare` returned for each case.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    case = ["dataset", "noise", "n_train"]
    trials = pd.concat([table.assign(**{key: getattr(config, key) for key in case}) for config, table in tried.items()])
    trials["weights"] = trials["weights"].astype(int)
    comparison = pd.concat(judged.values()).drop_duplicates()
    first = comparison.iloc[0]
    titles = {f"{c.dataset}, {c.noise}, n={c.n_train}": table for c, table in tried.items()}
    figure = pareto(titles, note=f"Made on {first['made']} with {first['versions']}.")
    return summary.write_files(
        out,
        {
            "tried.csv": summary.csv(trials[[*case, *COLUMNS]]),
            "comparison.csv": summary.csv(comparison),
            "search.png": plotting.png(figure),
        },
    )


def _scores(store: Path, config: Configuration) -> list[Any]:
    found: Any = read(store, config)
    return [found["validation_ssim"], found["seconds"], found["weights"]]


def _study(case: Configuration, store: Path) -> Study:
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
    except ImportError as error:
        msg = "A search needs Optuna, which is not installed. Run: pip install optuna"
        raise InputError(msg) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = str(store / "search.journal")
    storage = optuna.storages.JournalStorage(JournalFileBackend(path, lock_obj=JournalFileOpenLock(path)))
    study = optuna.create_study(
        storage=storage,
        study_name=f"{case} {case.size} {case.code}",  # scores of other code belong to another search
        directions=["maximize", "minimize", "minimize"],
        load_if_exists=True,
    )
    if not study.trials:
        for skips in (False, True):  # begin with the paper's network, and the same with skips
            study.enqueue_trial(PAPER | {"skips": skips})
    for trial in study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):  # of a call that was cut
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    study.sampler = optuna.samplers.TPESampler(seed=case.seed + len(study.trials))
    return study


def _tried(study: Study) -> pd.DataFrame:
    front = {trial.number for trial in study.best_trials}
    finished = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
    rows = [[trial.user_attrs["network"], *trial.values, trial.number in front] for trial in finished]  # noqa: PD011
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _propose(trial: Trial, size: int) -> str:
    deepest = min(4, (size & -size).bit_length() - 1)  # as often as `size` can be halved
    residual = trial.suggest_categorical("residual", [False, True])
    # Cross-entropy, a part of the recipe's loss, is for values in [0, 1]; with `residual` they may lie outside.
    losses = [*networks.LOSSES] if residual else ["recipe", *networks.LOSSES]
    loss = trial.suggest_categorical("loss with residual" if residual else "loss", losses)
    settings = {
        "depth": trial.suggest_int("depth", 1, max(1, deepest)),
        "width": trial.suggest_categorical("width", [8, 16, 32, 64]),
        "kernel_size": trial.suggest_categorical("kernel_size", [3, 5]),
        "skips": trial.suggest_categorical("skips", [False, True]),
        "residual": residual,
    } | ({} if loss == "recipe" else {"loss": loss})
    return networks.parse(" ".join(["encoder_decoder", *(f"{key}={value}" for key, value in settings.items())]))[0]
