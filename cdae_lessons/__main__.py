"""``python -m cdae_lessons``: what the lessons do, from the command line."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import cdae_lessons
from cdae_lessons.errors import DataNotice, InputError, ResultNotice

ABOUT = "Denoising medical images with convolutional denoising autoencoders: the helpers of the course."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 after a problem, or 130 after an interrupt."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that cannot show a letter gets "?" and no traceback
            stream.reconfigure(errors="replace")
    form, warnings.formatwarning = warnings.formatwarning, cast("Any", _as_note)
    try:
        return options.run(options)
    except InputError as error:
        print(f"cdae-lessons: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130
    finally:
        warnings.formatwarning = form


def _as_note(message: Warning | str, category: type[Warning], *place: Any) -> str:
    """Our own notices as a sentence, without the place in the code."""
    where = "" if issubclass(category, DataNotice | ResultNotice) else f"{place[0]}:{place[1]}: {category.__name__}: "
    return f"{where or 'Note: '}{message}\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cdae_lessons", description=ABOUT)
    parser.add_argument("--version", action="version", version=cdae_lessons.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="say what is installed, what computes, and what to mend")
    doctor.set_defaults(run=_doctor)

    fetch = commands.add_parser("fetch", help="download image sets, to work without a network later")
    which = fetch.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", metavar="NAME", help="such as pneumoniamnist; `doctor` lists them")
    which.add_argument("--all", action="store_true", help="every set that can be downloaded, to prepare a class")
    fetch.add_argument("--size", type=int, default=64, help="image size in pixels (default: 64)")
    fetch.add_argument("--to", "--data-dir", dest="data_dir", metavar="DIR", help="where to keep it")
    fetch.set_defaults(run=_fetch)

    denoise = commands.add_parser("denoise", help="image files at full size, each written in the format it came in")
    denoise.add_argument("files", nargs="+", metavar="FILE", help="image files, or folders of them")
    network = denoise.add_mutually_exclusive_group()
    network.add_argument("--model", default="shipped", metavar="MODEL", help="a .keras file (default: what ships)")
    network.add_argument("--train", metavar="FOLDER", help="train one first, on clean images like these")
    denoise.add_argument("--steps", type=int, help="training steps, in place of the recipe's")
    denoise.add_argument(
        "--noise", default="auto", metavar="NOISE", help="one such as 'gaussian p=0.1 sigma=1' (default: estimated)"
    )
    denoise.add_argument(
        "--rescale", metavar="LOW-HIGH", help="percentiles to see as black and white; of DICOM without its window"
    )
    denoise.add_argument("--clean", metavar="FILE", help="the file without noise, to score the result")
    denoise.add_argument("--out", default="denoised", metavar="DIR", help="where results go (default: denoised)")
    denoise.set_defaults(run=_denoise)

    reproduce = commands.add_parser("reproduce", help="the paper's tables, with tuned classical denoisers")
    reproduce.add_argument("--dataset", default="brain", help="first image set (default: brain)")
    reproduce.add_argument("--partner", help="second image set, for tables II and III (default: dx or fundus)")
    reproduce.add_argument("--data-dir", metavar="DIR", help="where the images are")
    reproduce.add_argument("--recipe", default="fast", help="how to train: paper or fast (default: fast)")
    reproduce.add_argument(
        "--noise",
        action="append",
        metavar="NOISE",
        help="one such as 'gaussian p=0.5 sigma=1', or all; may be repeated",
    )
    reproduce.add_argument("--steps", type=int, help="training steps of each network, in place of the recipe's")
    reproduce.add_argument("--seeds", type=int, default=1, metavar="K", help="networks a row (default: 1)")
    reproduce.add_argument("--out", metavar="DIR", help="where results go (default: results/DATASET-RECIPE)")
    reproduce.set_defaults(run=_reproduce)

    sweep = commands.add_parser("sweep", help="all runs of a study, resumed where they stopped, here or on a cluster")
    sweep.add_argument("spec", metavar="SPEC.yaml", help="the study, such as studies/sample_size.yaml")
    sweep.add_argument("--out", metavar="DIR", help="where results are kept (default: results/SPEC)")
    sweep.add_argument("--data-dir", metavar="DIR", help="where the images are, on the workers too")
    _add_workers(sweep)
    what = sweep.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="only say how many runs there are and how long they take")
    what.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="DIR",
        help="run nothing: make tables and figures of what is stored, in DIR (default: where the results are)",
    )
    sweep.set_defaults(run=_sweep)

    search = commands.add_parser("search", help="the network that suits few images, among many (needs Optuna)")
    search.add_argument("spec", metavar="SPEC.yaml", help="cases, and networks to compare with: studies/search.yaml")
    search.add_argument("--trials", type=int, default=60, metavar="N", help="networks to try a case (default: 60)")
    search.add_argument("--out", metavar="DIR", help="where results are kept (default: results/SPEC)")
    search.add_argument("--report", metavar="DIR", help="where tables and the figure go (default: the same)")
    search.add_argument("--data-dir", metavar="DIR", help="where the images are, on the workers too")
    _add_workers(search)
    search.set_defaults(run=_search)
    return parser


def _add_workers(command: argparse.ArgumentParser) -> None:
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, metavar="N", help="so many processes on this computer (needs Dask)")
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask scheduler, tcp://…, or its scheduler file, ….json"
    )
    command.add_argument("--memory", default="auto", metavar="SIZE", help="limit of each of N workers, such as 2GiB")


def _doctor(_: argparse.Namespace) -> int:
    from cdae_lessons import doctor

    found = doctor.problems()
    print(doctor.text(found))
    return 1 if found else 0


def _fetch(options: argparse.Namespace) -> int:
    from cdae_lessons import datasets

    if options.all:
        return _fetch_all(options)
    print(f"{options.name} is in {datasets.fetch(options.name, size=options.size, data_dir=options.data_dir)}")
    return 0


def _fetch_all(options: argparse.Namespace) -> int:
    from cdae_lessons import datasets

    table = datasets.sources(size=options.size, data_dir=options.data_dir)
    most = table.loc[~table["here"], "mib"].sum()
    print(f"{len(table)} sets, {table['here'].sum()} of them here; the others have {most:.0f} MiB at most.", flush=True)
    table = datasets.fetch_all(size=options.size, data_dir=options.data_dir)
    row: Any
    for row in table.itertuples():
        print(f"{row.name:16s} {row.licence:18s} {row.problem or row.file}")
    failed = (table["problem"] != "").sum()
    print(f"{failed} of {len(table)} sets are missing; the same command tries again." if failed else "All are here.")
    return 1 if failed else 0


def _denoise(options: argparse.Namespace) -> int:
    from cdae_lessons import image_files
    from cdae_lessons.datasets.folder import percentiles_of

    for line in image_files.denoise_files(
        options.files,
        model=options.model,
        train=options.train,
        steps=options.steps,
        noise=options.noise,
        rescale=percentiles_of(options.rescale) if options.rescale else None,
        clean=options.clean,
        out=options.out,
    ):
        print(line, flush=True)
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    from cdae_lessons.studies import paper, paper_report

    wanted = options.noise or ["all"]
    paper.reproduce(
        options.dataset,
        partner=options.partner,
        noises="all" if "all" in wanted else wanted,
        recipe=options.recipe,
        steps=options.steps,
        seeds=options.seeds,
        data_dir=options.data_dir,
        out=options.out or f"results/{paper_report.slug(options.dataset)}-{options.recipe}",
    )
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from functools import partial

    from cdae_lessons.studies import cluster, configuration, duration, figures, measuring, running, spec, store, summary

    networks = spec.read(options.spec)
    configs = configuration.unique([*networks, *configuration.rivals(networks)])
    out = Path(options.out or Path("results") / Path(options.spec).stem)
    if options.report is not None:
        chosen, note = summary.collect(configs, store=out)
        written = figures.write(options.report or out, chosen)
        print(
            f"{len(chosen)} runs. {note}\nWritten to {written[0].parent}: {', '.join(path.name for path in written)}."
        )
        return 0
    if options.dry_run:
        left = [config for config in configs if store.read(out, config) is None]
        seconds = duration.seconds(left)
        print(
            f"{len(configs)} runs, {len(configs) - len(networks)} of them rivals; {len(configs) - len(left)} are done."
        )
        print(f"The rest takes about {running.duration(seconds)} on this computer, one after the other.")
        if options.workers:
            print(f"With {options.workers} workers, if each has a core: {running.duration(seconds / options.workers)}.")
        return 0
    work = partial(measuring.measure, data_dir=options.data_dir)
    with cluster.connect(workers=options.workers, scheduler=options.scheduler, memory=options.memory) as client:
        running.run(networks, store=out, client=client, work=work)
    print(f"All {len(configs)} runs are in {out}. Tables and figures: add --report to the same command.")
    return 0


def _search(options: argparse.Namespace) -> int:
    from functools import partial

    from cdae_lessons.studies import cluster, measuring, searching, spec

    cases = searching.cases(spec.read(options.spec))
    store = Path(options.out or Path("results") / Path(options.spec).stem)
    how: dict[str, Any] = {"store": store, "work": partial(measuring.measure, data_dir=options.data_dir)}
    tried, judged = {}, {}
    with cluster.connect(workers=options.workers, scheduler=options.scheduler, memory=options.memory) as client:
        for case, others in cases.items():
            tried[case] = searching.search(case, others=others, n_trials=options.trials, client=client, **how)
            best = tried[case]["network"].iloc[0]
            print(f"{case.dataset}, {case.noise}, n={case.n_train}: the best on the validation images is {best}.")
            judged[case] = searching.compare(case, [best, *others], client=client, **how)
    written = searching.write(options.report or store, tried, judged)
    print(f"Written to {written[0].parent}: {', '.join(path.name for path in written)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
