"""A lab as a picture: what a page without a kernel, as GitHub's or the book's, shows in the place of the live one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from PIL import Image

from cdae_lessons import plotting
from cdae_lessons.plotting.figure import lettering, metadata, stacked

VIEW = "application/vnd.jupyter.widget-view+json"
"""What Jupyter shows of an output if it can: the live lab."""


def bundle(lab: Any, *, scale: float) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """The live lab for Jupyter, and beside it its picture as it is now, with its settings below.

    Parameters
    ----------
    lab : Lab
        With `title`, `controls` and `picture`; without a picture on the page there is none here.
    scale : float
        Pixels of its picture to a CSS pixel.

    Returns
    -------
    data, metadata : dict
        As of ``_repr_mimebundle_``.
    """
    data: dict[str, object] = {"text/plain": repr(lab)}
    data[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": lab.model_id}
    if not lab.picture.value or lab.picture not in lab.children:
        return data, {}
    chosen = ", ".join(_chosen(lab.controls.values()))
    text = f"{lab.title.capitalize()}{f' ({chosen})' * bool(chosen)}: run this notebook to use it."
    above = Image.open(io.BytesIO(lab.picture.value)).convert("RGB")
    with plotting.plain():
        whole = stacked(above, lettering(text, above.width, scale=scale))
    file = io.BytesIO()
    whole.save(file, "PNG", optimize=True)
    return data | {"image/png": file.getvalue()}, {"image/png": metadata(file.getvalue(), text, scale=scale)}


def _chosen(controls: Any) -> Iterator[str]:
    """The settings as one reads them, without those that are hidden."""
    for control in controls:
        if control.has_trait("value") and control.layout.display != "none":
            label = getattr(control, "box", control).description  # of a slider, beside its number
            value = getattr(control, "label", control.value)  # of a menu, what is read there
            yield f"{label} {value}" if not isinstance(value, bool) else f"{label}: {'yes' if value else 'no'}"
