"""What every lab is made of: labelled controls, one picture of fixed size, its numbers as text, a line for messages.

A lab is ``Lab(title, controls, redraw)``: whenever a control changes, ``redraw(settings)`` gets the values of all
controls and returns what draws the picture, and its numbers as HTML. Only core ipywidgets are used, no pyplot and no
Output widget, so that a lab works alike in JupyterLab, Notebook, VS Code, Voila and Colab (ipywidgets 7.7.1).
"""

from __future__ import annotations

import atexit
import gc
import html
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import ipywidgets
import traitlets
from matplotlib.figure import Figure

from cdae_lessons import plotting
from cdae_lessons.errors import InputError
from cdae_lessons.widgets import still

WIDTH = 720
"""Width of a lab's picture in CSS pixels: what JupyterLab leaves in a window 900 pixels wide."""

_PLACE = {"width": "167px", "margin": "0 12px 6px 0"}  # four controls in a row
_TWO_PLACES = _PLACE | {"width": "346px"}
_LONG = 22  # letters that fit into a menu with its label
_INSIDE = {"width": "160px", "margin": "0"}

DPI = 150
"""Of the pictures."""

_PATIENCE = 20  # seconds that a lab's picture waits for the setting that is being drawn

CSS = 100
"""CSS pixels to an inch of the pictures, so text of 8 points is 11 of them high."""

Drawn: TypeAlias = tuple[Callable[[Figure], None], str]
"""What draws a lab's picture on the figure that it is given, and its numbers as HTML."""

_at_work: set[threading.Thread] = set()


@atexit.register
def _end() -> None:
    for thread in tuple(_at_work):  # matplotlib aborts Python where a thread is cut off inside it
        thread.join(10)


class Lab(ipywidgets.VBox):
    """Controls above one picture that follows them; where there is no kernel, the picture with its settings below.

    Pictures are drawn on a thread of the lab's own that ends when there is nothing left to draw. While it draws, the
    controls stay free; of the settings that come meanwhile only the newest is drawn. An error in `redraw` becomes a
    message above the picture, and the next setting is drawn as ever.

    Parameters
    ----------
    title : str
        What the lab is called, as ``"noise lab"``.
    controls : mapping of str to Widget
        In the order in which they stand: from ``slider``, ``menu``, ``checkbox``, ``button``. Those with a value are
        settings.
    redraw : callable, optional
        ``redraw(settings) -> (draw, html)``, where settings is a dict of the controls' values by name and
        ``draw(figure)`` fills a new figure. Both may run on another thread, never twice at once in one lab.
    height : int
        Of the picture in CSS pixels; its width is ``WIDTH``.
    rows : int
        For how many rows of four controls to keep room: where controls come and go, so that the picture stays in place.
    """

    def __init__(
        self,
        title: str,
        controls: Mapping[str, ipywidgets.Widget] | None = None,
        redraw: Callable[[dict], Drawn] | None = None,
        *,
        height: int = 300,
        rows: int = 1,
    ):
        self.title, self.controls, self._stale, self._state = title, dict(controls or {}), False, threading.Lock()
        self._redraw: Any = redraw
        self._worker: threading.Thread | None = None
        self.message = ipywidgets.HTML(layout={"min_height": "22px", "margin": "0"})
        self.text = ipywidgets.HTML(layout={"margin": "0"})
        # Width and height in pixels keep the place free while a picture loads; both shrink together in a narrow window.
        self.picture = ipywidgets.Image(
            format="png", width=str(WIDTH), height=str(height), layout={"max_width": "100%", "height": "auto"}
        )
        row = ipywidgets.HBox(
            tuple(self.controls.values()),
            layout={
                "flex_flow": "row wrap", "max_width": f"{WIDTH}px", "min_height": f"{62 * rows}px",
                "margin": "0", "overflow": "visible",
            },
        )  # fmt: skip
        super().__init__((row, self.message, self.picture, self.text), layout={"max_width": "900px"})
        for control in self.controls.values():
            if control.has_trait("value"):
                control.observe(self._changed, "value")
        if redraw is not None:
            self._draw()

    def __repr__(self) -> str:
        return f"An interactive {self.title}: run this notebook to use it."

    _ipython_display_ = None  # ipywidgets 7 would show its view and nothing else

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
        Lab.wait(self, _PATIENCE)  # for the drawing, not for a training: what was set in code is in the picture, too
        return still.bundle(self, scale=DPI / CSS)

    @property
    def settings(self) -> dict:
        """The value of every control that has one, by name."""
        return {name: control.value for name, control in self.controls.items() if control.has_trait("value")}

    def say(self, text: str = "", *, error: bool = False) -> None:
        """Put a line above the picture; no text clears it. Any thread may call this."""
        role, colour = ("alert", "color: var(--jp-error-color1, #b00020)") if error else ("status", "")
        self.message.value = text and f'<div role="{role}" style="line-height:22px;{colour}">{html.escape(text)}</div>'

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn an error in the block into a message in the lab: for callbacks and threads, which fail silently."""
        try:
            yield
        except InputError as error:
            self.say(str(error), error=True)
        except Exception as error:  # noqa: BLE001 a lab must never be dead, whatever went wrong
            self.say(f"That did not work: {type(error).__name__}: {error}. Try another setting.", error=True)

    def refresh(self) -> None:
        """Ask for a picture of the controls as they are now; returns at once."""
        with self._state:
            self._stale = True
            if self._worker is None:
                worker = self._worker = threading.Thread(target=self._work, name=self.title, daemon=True)
                _at_work.add(worker)
                worker.start()

    def wait(self, seconds: float = 300) -> bool:
        """Wait until the newest setting is drawn; return whether it is."""
        end = time.monotonic() + seconds
        while (worker := self._worker) is not None and time.monotonic() < end:
            worker.join(max(0, end - time.monotonic()))
        return self._worker is None

    def _changed(self, _: dict) -> None:
        if self._redraw is not None:
            self.refresh()

    def _work(self) -> None:
        while True:
            with self._state:
                if not self._stale:
                    _at_work.discard(threading.current_thread())
                    self._worker = None
                    return
                self._stale = False
            self._draw()

    def _draw(self) -> None:
        with _disposed(), self.guarded():
            draw, text = self._redraw(self.settings)
            self.picture.value = render(draw, int(self.picture.height))
            self.text.value = f'<div role="status" aria-live="polite" style="line-height:1.4">{text}</div>'
            self.say()


@contextmanager
def _disposed() -> Iterator[None]:
    """Free what the block leaves behind at once: a figure is a cycle of objects.

    A collection in the middle would count them as old, and a hundred megabytes of old figures wait for the next full
    collection. Paused until the end, they are young, and to collect the young takes a millisecond.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if enabled:
            gc.enable()


class Slider(ipywidgets.VBox):
    """A number box with its label, and a slider below it; `value` is the value of both."""

    value = traitlets.Any()

    def __init__(self, box: ipywidgets.Widget, slider: ipywidgets.Widget, *, whole: bool):
        super().__init__((box, slider), layout=_PLACE)
        self.box, self.slider = box, slider
        # The slider's own value is not what counts: it may be 0.30000000000000004, or between two whole numbers.
        tidy = (lambda number: round(number)) if whole else (lambda number: float(f"{number:.6g}"))
        traitlets.link((slider, "value"), (box, "value"), transform=(tidy, type(slider.value)))
        self.value = box.value
        traitlets.link((box, "value"), (self, "value"))


def slider(label: str, value: float, low: float, high: float, step: float, *, log: bool = False) -> Slider:
    """A number to choose: by slider, by keyboard, or typed into the box, which is also its accessible name.

    Parameters
    ----------
    label : str
        Shown, and read out.
    value, low, high : float or int
        Where it stands at first, and its range; all of them int, with `step`, make it a whole number.
    step : float or int
        How far one key press goes; with `log`, the factor minus 1 (0.25 for a quarter more).
    log : bool
        Whether equal distances on the slider are equal factors; `low` must be above 0.

    Returns
    -------
    Slider
        A widget whose trait `value` is the number.
    """
    whole = all(isinstance(number, int) for number in (value, low, high)) and (log or isinstance(step, int))
    limits = {"value": value, "min": low, "max": high}
    number_box = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
    box_step = 1 if whole else None if log else step
    box = number_box(
        **limits, step=box_step, description=label,
        style={"description_width": "initial"}, layout=_INSIDE,
    )  # fmt: skip
    bar = {"readout": False, "continuous_update": False, "layout": {"width": "152px", "margin": "0 0 0 4px"}}
    if log:
        bar |= {
            "value": float(value),
            "base": 10,
            "min": math.log10(low),
            "max": math.log10(high),
            "step": math.log10(1 + step),
        }
        return Slider(box, ipywidgets.FloatLogSlider(**bar), whole=whole)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return Slider(box, kind(**limits, step=step, **bar), whole=whole)


def menu(label: str, options: Iterable | Mapping, value: object = None) -> ipywidgets.Dropdown:
    """A choice among `options` (a mapping of what is read to the value), the first one unless `value` is given."""
    names = list(options)
    options = list(options.items()) if isinstance(options, Mapping) else names
    first = {} if value is None else {"value": value}
    wide = len(label) + max(len(str(name)) for name in names) > _LONG
    return ipywidgets.Dropdown(
        options=options, **first, description=label,
        style={"description_width": "initial"}, layout=_TWO_PLACES if wide else _PLACE,
    )  # fmt: skip


def checkbox(label: str, value: bool = False) -> ipywidgets.Checkbox:
    """A yes or no."""
    return ipywidgets.Checkbox(
        value=value, description=label, indent=False, layout={"width": "auto", "margin": "0 12px 6px 0"}
    )


def button(label: str, pressed: Callable[[], None] | None = None) -> ipywidgets.Button:
    """A button; `pressed` is called without arguments."""
    made = ipywidgets.Button(description=label, layout={"width": "auto", "margin": "0 12px 6px 0"})
    if pressed is not None:
        made.on_click(lambda _: pressed())
    return made


def enabled(control: ipywidgets.Widget, free: bool) -> None:
    """Free a control, or grey it out."""
    for part in (control.box, control.slider) if isinstance(control, Slider) else (control,):
        part.disabled = not free


def shown(control: ipywidgets.Widget, visible: bool) -> None:
    """Show or hide a control; a hidden one keeps its value and takes no place."""
    control.layout.display = None if visible else "none"


def render(draw: Callable[[Figure], None], height: int) -> bytes:
    """What `draw` puts on a white figure of a lab's width, `height` CSS pixels high, as PNG in matplotlib's own style.

    It has `panels` put things at (left, top) in CSS pixels, or calls ``figure.add_axes``; layouts that matplotlib
    computes, and many axes, are slow (10 ms for each of them).
    """
    with plotting.plain():
        figure = Figure(figsize=(WIDTH / CSS, height / CSS), dpi=DPI)
        draw(figure)
        return plotting.png(figure, crop=False, compress_level=1)  # whole, so that all pictures are equally large
