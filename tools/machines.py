"""Is all green on other machines, too? The tests that train, and all notebooks, under imitations of other processors.

python tools/machines.py                                              all; what has passed before is not run again
python tools/machines.py --settings oldest jax                        only these machines
python tools/machines.py tests/test_precision.py notebooks/03*.ipynb  only these files

A setting holds back what the processor can do, or says how many threads compute: sums are then rounded in another
order, and trainings that begin alike end elsewhere. Results are kept in build/machines, a file and setting each, until
the file or the package changes. What failed is run again the next time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "build" / "machines"
INSTRUCTIONS, KERNELS, THREADS = "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "OMP_NUM_THREADS"
SETTINGS = {  # what is not named is as it is on this machine
    "here": {THREADS: "1"},
    "oldest": {INSTRUCTIONS: "AVX2", KERNELS: "default", THREADS: "1"},
    "laptop": {INSTRUCTIONS: "AVX2", KERNELS: "avx2", THREADS: "2"},
    "server": {INSTRUCTIONS: "AVX512_CORE", THREADS: "1"},
    "workstation": {INSTRUCTIONS: "AVX512_CORE", KERNELS: "avx2", THREADS: "4"},
    "two-threads": {THREADS: "2"},
    "jax": {"KERAS_BACKEND": "jax", THREADS: "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"},
}
HELD_BACK = {INSTRUCTIONS, KERNELS, "KERAS_BACKEND"}
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "trains and not launch", "--nbval"]
PYTEST += ["--nbval-current-env", "--nbval-sanitize-with=tests/nbval.cfg", "--nbval-cell-timeout=3000"]


def main() -> int:
    """Run what is missing, a line a file, and print a table; return 1 if anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=[*SETTINGS], help="default: all of them")
    parser.add_argument("--jax", default=".venv-backends/bin/python", help="a Python with JAX (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="default: one a processor (%(default)s)")
    parser.add_argument("files", type=Path, nargs="*", help="tests and notebooks (default: all)")
    asked = parser.parse_args()
    files = [path.resolve() for path in asked.files] or _files()
    package = _hash(*_package())
    found = {}
    for name in asked.settings:
        print(f"{name}: {_words(name)}", flush=True)
        python = asked.jax if "KERAS_BACKEND" in SETTINGS[name] else sys.executable
        workers = max(1, asked.processes // int(SETTINGS[name][THREADS]))
        with ThreadPoolExecutor(workers) as pool:  # threads that wait for a process each
            runs = [pool.submit(_run, python, name, file, package) for file in files]
            found[name] = [_told(run.result()) for run in as_completed(runs)]
    print(pd.DataFrame({name: _sums(name, results) for name, results in found.items()}).T.to_string())
    return 1 if any(result["failed"] for results in found.values() for result in results) else 0


def _package() -> list[Path]:
    """What every result hangs on, beside the file that is run."""
    code = [path for path in (ROOT / "cdae_lessons").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return [*sorted(code), *(ROOT / name for name in ("conftest.py", "tests/conftest.py", "tests/nbval.cfg"))]


def _files() -> list[Path]:
    """Tests that are marked, and notebooks, the longest first."""
    tests = [path for path in (ROOT / "tests").glob("test_*.py") if "mark.trains" in path.read_text(encoding="utf-8")]
    return sorted([*tests, *(ROOT / "notebooks").rglob("*.ipynb")], key=lambda path: -path.stat().st_size)


def _run(python: str, name: str, file: Path, package: str) -> dict:
    """Run a file under a setting, unless it has passed; return counts and the names of what failed."""
    kept = RESULTS / name / f"{file.relative_to(ROOT).as_posix().replace('/', '-')}-{_hash(file, package)}.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8")) | {"seconds": 0}
    kept.parent.mkdir(parents=True, exist_ok=True)
    report, log = kept.with_suffix(".xml"), kept.with_suffix(".log")
    report.unlink(missing_ok=True)
    command = [python, *PYTEST, f"--junitxml={report}", str(file)]
    environment = {key: value for key, value in os.environ.items() if key not in HELD_BACK} | SETTINGS[name]
    environment["OMP_WAIT_POLICY"] = "passive"  # threads that wait for each other leave the processor to others
    started = time.monotonic()
    with log.open("w") as output:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False)
    cases = [*ET.parse(report).iter("testcase")] if report.exists() else []  # noqa: S314 our own file
    kinds = [{part.tag for part in case} & {"failure", "error", "skipped"} for case in cases]
    bad = [case.get("name") for case, kind in zip(cases, kinds, strict=True) if kind & {"failure", "error"}]
    if done.returncode and not bad:
        bad = [f"pytest ended with {done.returncode}"]
    result = {"file": file.name, "passed": sum(not kind for kind in kinds), "failed": len(bad), "log": str(log)}
    result |= {"names": bad, "seconds": time.monotonic() - started}
    if not bad:
        kept.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def _told(result: dict) -> dict:
    counts = f"{result['passed']:4d} passed, {result['failed']:2d} failed, {result['seconds']:5.0f} s"
    print(f"    {result['file']:42s}{counts}{'  ' + result['log'] if result['failed'] else ''}", flush=True)
    return result


def _sums(name: str, results: list[dict]) -> dict[str, object]:
    """A row of the table; its seconds are those of all processes together, without what was kept from before."""
    sums = {column: round(sum(result[column] for result in results)) for column in ("passed", "failed", "seconds")}
    bad = [f"{result['file']}: {failed}" for result in results for failed in result["names"]]
    return {"setting": _words(name), **sums, "what failed": ", ".join(bad)}


def _words(name: str) -> str:
    return " ".join(f"{key}={value}" for key, value in SETTINGS[name].items())


def _hash(*parts: Path | str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
