"""A progress bar for notebooks and terminals that leaves nothing behind.

In a notebook, tqdm either writes to stderr or leaves a widget whose stored text is a bar at 0 %.
Here the bar is one HTML output that is updated in place and is empty again at the end, so that a
stored notebook, and nbval's comparison with it, see the same empty output every time.
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm


class Bar(Protocol):
    """What `bar` yields."""

    def update(self, steps: int = 1, *, note: str = "") -> None:
        """Move on by `steps`; `note` is shown behind the bar until the next one."""


class _TerminalBar:
    def __init__(self, total: int, label: str):
        self._bar = tqdm(total=total, desc=label, leave=False, dynamic_ncols=True)

    def update(self, steps: int = 1, *, note: str = "") -> None:
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(steps)

    def close(self) -> None:
        self._bar.close()


class _NotebookBar:
    def __init__(self, total: int, label: str):
        from IPython.display import HTML, display

        self._html = HTML
        self._total, self._label, self._note = total, label, ""
        self._done, self._shown, self._started = 0, 0.0, time.monotonic()
        self._handle = display(HTML(""), display_id=True)

    def update(self, steps: int = 1, *, note: str = "") -> None:
        self._done += steps
        self._note = note or self._note
        now = time.monotonic()
        if now - self._shown < 0.2:
            return
        self._shown = now
        left = (now - self._started) / self._done * (self._total - self._done)
        self._handle.update(
            self._html(
                f"<label>{html.escape(self._label)} <progress max={self._total} value={self._done}></progress></label> "
                f"{self._done} of {self._total}, {left:.0f} s left. {html.escape(self._note)}"
            )
        )

    def close(self) -> None:
        self._handle.update(self._html(""))


class _NoBar:
    def update(self, steps: int = 1, *, note: str = "") -> None:
        pass

    def close(self) -> None:
        pass


@contextmanager
def bar(total: int, *, label: str, show: bool = True) -> Iterator[Bar]:
    """Show a progress bar while the block runs.

    Parameters
    ----------
    total : int
        Number of steps in all.
    label : str
        What is going on, in a word or two.
    show : bool
        False shows nothing; so does a terminal that is no terminal (a log file).

    Yields
    ------
    Bar
        Call its ``update(steps, note=...)``.
    """
    if show and _in_notebook():
        shown: _NotebookBar | _TerminalBar | _NoBar = _NotebookBar(total, label)
    elif show and sys.stderr.isatty():
        shown = _TerminalBar(total, label)
    else:
        shown = _NoBar()
    try:
        yield shown
    finally:
        shown.close()


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
