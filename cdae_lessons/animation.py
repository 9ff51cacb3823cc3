"""Pictures that move without a kernel: animated PNGs, which notebooks, web pages and GitHub show as any other."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import matplotlib.figure
import numpy as np
from numpy.typing import ArrayLike
from PIL import Image
from scipy.spatial import cKDTree

from cdae_lessons import plotting
from cdae_lessons.errors import InputError, check_count, check_images, check_number
from cdae_lessons.plotting.figure import SHARP, lettering, metadata, stacked

LONGEST = 10
"""How many seconds an animation may take, all repetitions together: nobody can look away from it."""

LARGEST = 400_000
"""How many bytes an animation may have: a notebook holds several."""

_Frame: TypeAlias = matplotlib.figure.Figure | ArrayLike

_TRIES = ((SHARP, 64), (SHARP, 32), (1, 64), (1, 32))  # pixels to a CSS pixel, and colours: what fits is taken
_SIDE = 256  # CSS pixels: of an image, at least
_APART = 12  # levels of 255 between two of the commonest colours, in one channel at least
_REST = 1.5  # seconds on the last frame before it begins again
_LINGER = 6  # figures, at most, that wait to be freed: each is a cycle of objects that holds some 10 MB of pixels


@dataclass(frozen=True)
class Animation:
    """An animated PNG that shows itself in Jupyter.

    Where nothing can move, its last frame is shown.
    """

    png: bytes
    frames: int
    seconds: float
    alt: str
    scale: int

    def __repr__(self) -> str:
        return f"<Animation of {self.frames} frames, {self.seconds:.3g} s>"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, bytes], dict[str, dict[str, object]]]:
        return {"image/png": self.png}, {"image/png": metadata(self.png, self.alt, scale=self.scale)}


def animate(
    frames: Iterable[_Frame] | Callable[[float], _Frame],
    *,
    times: Sequence[float] | np.ndarray | None = None,
    duration: float = 0.1,
    plays: int = 1,
    caption: str | None = None,
) -> Animation:
    """Make an animation of frames, or of a function of time. It ends on its last frame.

    All frames share 64 or 32 colours. They have twice as many pixels each way as they take on the page, if that fits in
    `LARGEST`, else as many. Noise is what costs most: where all pixels of an image change, 20 frames are enough.

    Parameters
    ----------
    frames : iterable of Figure or ndarray, or callable
        Figures of one size, or images of shape (H, W) or (H, W, 3), values in [0, 1]; a generator draws one at a time.
        Or ``draw(time)``, which returns such a frame. Give plots fixed limits, else they jump.
    times : sequence of float, optional
        When to draw, for a function: ``np.linspace(0, 1, 40)``.
    duration : float > 0
        Of each frame, in seconds.
    plays : int >= 1
        How many times it is played; it rests for 1.5 s before it begins again.
    caption : str, optional
        Text below the picture, and its description for those who cannot see it: say what moves, and how it ends. By
        default the description of the last figure.

    Returns
    -------
    Animation

    Raises
    ------
    InputError
        On frames of different sizes or fewer than two, a function without times, or an animation that would take more
        than `LONGEST` seconds or `LARGEST` bytes.

    Examples
    --------
    >>> def draw(sigma):
    ...     return plotting.show({"noisy": noise.gaussian(clean, p=1, sigma=sigma, rng=0)}, rows=1)
    >>> animate(draw, times=np.linspace(0, 1, 40), caption="More and more noise.")  # doctest: +SKIP
    """
    duration, plays = check_number(duration, what="duration", above=True), check_count(plays, what="plays", low=1)
    if callable(frames) != (times is not None):
        msg = "Expected frames, or a function with times=; received " + ("no times." if callable(frames) else "both.")
        raise InputError(msg)
    pictures: list[Image.Image] = []
    alt = ""
    for frame in map(frames, times) if callable(frames) and times is not None else frames:  # type: ignore[union-attr]
        pictures.append(_picture(frame))
        alt = str(getattr(frame, "get_label", str)())
        if isinstance(frame, matplotlib.figure.Figure) and len(pictures) % _LINGER == 0:
            gc.collect()
    sizes = sorted({picture.size for picture in pictures})
    if len(pictures) < 2 or len(sizes) > 1:
        came = (
            f"frames of {' and '.join(f'{w}x{h}' for w, h in sizes)} pixels" if len(sizes) > 1 else f"{len(pictures)}"
        )
        msg = f"Expected at least two frames, all of one size; received {came}. Draw all alike."
        raise InputError(msg)
    seconds = plays * len(pictures) * duration + (plays - 1) * _REST
    if seconds > LONGEST + 1e-9:
        msg = (
            f"Expected an animation of at most {LONGEST} s; {len(pictures)} frames of {duration:g} s"
            f"{f', played {plays} times,' * (plays > 1)} take {seconds:.1f} s. "
            "Give fewer frames, a shorter duration or fewer plays."
        )
        raise InputError(msg)
    if caption:
        below = lettering(caption, pictures[0].width, scale=SHARP)
        pictures = [stacked(picture, below) for picture in pictures]
    durations = [duration] * len(pictures)
    durations[-1] += _REST * (plays > 1)
    for scale, colours in _TRIES:
        smaller = pictures if scale == SHARP else [picture.reduce(SHARP // scale) for picture in pictures]
        png = _encode(smaller, durations, plays, colours)
        if len(png) <= LARGEST:
            return Animation(png, len(pictures), seconds, caption or alt, scale)
    width, height = pictures[0].width // SHARP, pictures[0].height // SHARP
    msg = (
        f"Expected an animation of at most {LARGEST // 1000} kB; {len(pictures)} frames of {width}x{height} pixels "
        f"take {len(png) // 1000} kB. Give fewer frames, smaller ones, or less that changes, such as noise."
    )
    raise InputError(msg)


def _picture(frame: _Frame) -> Image.Image:
    """A frame as it is shown, with `SHARP` times as many pixels each way."""
    if isinstance(frame, matplotlib.figure.Figure):
        return Image.open(io.BytesIO(plotting.png(frame, crop=False, compress_level=1, scale=SHARP))).convert("RGB")
    image = np.asarray(frame)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        msg = f"Expected each frame to be a figure, or an image of shape (H, W) or (H, W, 3); received {_came(frame)}."
        raise InputError(msg)
    check_images(np.atleast_3d(image).transpose(2, 0, 1), what="frames")
    each = SHARP * max(1, round(_SIDE / max(image.shape[:2])))
    return Image.fromarray(np.rint(255 * image).astype(np.uint8).repeat(each, 0).repeat(each, 1)).convert("RGB")


def _came(frame: Any) -> str:
    return (
        f"an array of shape {frame.shape}" if isinstance(frame, np.ndarray) else f"one of type {type(frame).__name__}"
    )


def _encode(pictures: list[Image.Image], durations: Sequence[float], plays: int, colours: int) -> bytes:
    """The animation as PNG; what is no part of it, and shown where nothing moves, is the last frame."""
    some = pictures[:: max(1, len(pictures) // 12)]
    palette = _palette(np.concatenate([_coarse(picture).ravel() for picture in some]), colours)
    nearest = cKDTree(palette).query(_GRID)[1].astype(np.uint8)
    frames = [Image.fromarray(nearest[_coarse(picture)]) for picture in pictures]
    for frame in frames:
        frame.putpalette(palette.ravel().tolist())
    file = io.BytesIO()
    frames[-1].save(
        file, "PNG", save_all=True, default_image=True, append_images=frames, loop=plays,
        duration=[1000 * each for each in durations], compress_level=9,
    )  # fmt: skip
    return file.getvalue()


_GRID = (np.indices((64, 64, 64)).reshape(3, -1).T * 255 / 63).round().astype(np.uint8)
"""All colours of 6 bits a channel, black and white among them."""


def _coarse(picture: Image.Image) -> np.ndarray:
    """Each pixel's place in `_GRID`."""
    red, green, blue = np.moveaxis(np.asarray(picture, np.int32) >> 2, -1, 0)
    return (red << 12) + (green << 6) + blue


def _palette(coarse: np.ndarray, count: int) -> np.ndarray:
    """The colours that say most of these: (count or fewer, 3), uint8; half of them exactly, the commonest ones."""
    often = np.bincount(coarse)
    used = np.flatnonzero(often)
    exact: list[np.ndarray] = []
    for colour in _GRID[used[np.argsort(-often[used], kind="stable")][:2000]].astype(int):
        if all(np.abs(colour - other).max() > _APART for other in exact) and len(exact) < count // 2:
            exact.append(colour)
    # The others by the logarithm of how often: else the paper, which is most of a figure, takes most of them.
    shares = _GRID[np.repeat(used, 1 + np.log2(often[used]).astype(int))]
    found = Image.fromarray(shares[np.newaxis]).quantize(count - len(exact), method=Image.Quantize.MEDIANCUT)
    return np.concatenate([np.array(exact), np.reshape(found.getpalette() or [], (-1, 3))]).astype(np.uint8)
