"""``python -m cdae_lessons``: what the lessons do, from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import cdae_lessons
from cdae_lessons.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 after a problem, or 130 after an interrupt."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that cannot show a letter gets "?" and no traceback
            stream.reconfigure(errors="replace")
    try:
        return options.run(options)
    except InputError as error:
        print(f"cdae-lessons: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cdae_lessons", description=cdae_lessons.__doc__.split("\n")[0])
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
    return parser


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
    for row in table.itertuples():
        print(f"{row.name:16s} {row.licence:18s} {row.problem or row.file}")
    failed = (table["problem"] != "").sum()
    print(f"{failed} of {len(table)} sets are missing; the same command tries again." if failed else "All are here.")
    return 1 if failed else 0


def _reproduce(options: argparse.Namespace) -> int:
    from cdae_lessons import experiments, report

    wanted = options.noise or ["all"]
    experiments.reproduce(
        options.dataset,
        partner=options.partner,
        noises="all" if "all" in wanted else wanted,
        recipe=options.recipe,
        steps=options.steps,
        seeds=options.seeds,
        data_dir=options.data_dir,
        out=options.out or f"results/{report.slug(options.dataset)}-{options.recipe}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
