"""Execute notebooks in place, or as web pages, with a line for each: its seconds and its peak memory.

python tools/course.py notebooks/*.ipynb            execute in place
python tools/course.py --to html notebooks/*.ipynb  execute into build/
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from cdae_lessons.files import appearing

try:
    import resource
except ImportError:  # Windows does not keep the peak of a process that has ended
    resource = None

WIDGET = "application/vnd.jupyter.widget-view+json"


def main() -> int:
    """Run each notebook in a process of its own, so that its memory can be told apart."""
    parser = argparse.ArgumentParser(description="Execute notebooks, with the seconds and the peak memory of each.")
    parser.add_argument("--to", choices=("notebook", "html"), default="notebook", help="in place, or into build/")
    parser.add_argument("notebooks", type=Path, nargs="+")
    options = parser.parse_args()
    os.environ["CDAE_PROGRESS_DIR"] = os.devnull  # notebooks store nobody's progress
    print(f"{'notebook':40s} {'seconds':>8s} {'peak MiB':>9s}")
    total = failed = 0
    for path in options.notebooks:
        print(f"{path.name:40s} ", end="", flush=True)
        started = time.monotonic()
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:  # Windows has no fork
            done = alone.submit(_execute, path, options.to)
            error = done.exception()
        seconds = time.monotonic() - started
        print(f"{seconds:8.0f} " + (f"{'-':>9s}  FAILED\n{error}" if error else f"{done.result():>9s}"), flush=True)
        total, failed = total + seconds, failed + bool(error)
    print(f"{'in all':40s} {total:8.0f}           {f'{failed} failed' if failed else 'all green'}")
    return 1 if failed else 0


def _execute(path: Path, to: str) -> str:
    """Execute a notebook and write it; return the peak of its kernel in MiB."""
    notebook = nbformat.read(path, as_version=4)
    quiet = ["--IPKernelApp.log_level=40"]  # no word about TCP without encryption for each kernel
    settings = {"timeout": 600, "store_widget_state": False, "extra_arguments": quiet}
    for may_retry in (True, False):
        try:
            NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}, **settings).execute()
            break
        except RuntimeError as error:  # another program may have taken the kernel's port before it did
            if not (may_retry and "before replying" in str(error)):
                raise
    _tidy(notebook)
    if to == "notebook":
        with appearing(path) as part:
            nbformat.write(notebook, part)
    else:
        from nbconvert import HTMLExporter

        with appearing(Path("build") / path.with_suffix(".html").name) as part:
            part.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    return "-" if resource is None else f"{peak_memory(resource.RUSAGE_CHILDREN):.0f}"


def peak_memory(who: int) -> float:
    """The most MiB that this process, or one of its children, had at a time."""
    return resource.getrusage(who).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)  # bytes on macOS


def _tidy(notebook: nbformat.NotebookNode) -> None:
    """Leave no widget views: without a kernel they show as errors. The labs' pictures stay.

    What a cell printed bit by bit is joined: pages would show each bit as a block of its own.
    """
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day
        joined: list[nbformat.NotebookNode] = []
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
            if joined and output.output_type == "stream" and output.get("name") == joined[-1].get("name"):
                joined[-1].text += output.text
            else:
                joined.append(output)
        if "outputs" in cell:
            cell.outputs = joined


if __name__ == "__main__":
    sys.exit(main())
