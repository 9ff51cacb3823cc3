"""What ``python -m cdae_lessons denoise`` does: files in, denoised files out, and a picture of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cdae_lessons import noise as noises
from cdae_lessons.datasets.folder_files import listed
from cdae_lessons.datasets.writing import place, there, unit, write
from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath
from cdae_lessons.image_files import looks, networks
from cdae_lessons.image_files.stacks import as_seen, denoise, find_range, noise_level, read
from cdae_lessons.metrics import score

AUTO = "auto"
LEAST = 0.005  # of the range: what a network can be trained for
NETWORK = "network.keras"
PICTURE = ".before-after.png"


def denoise_files(
    files: Sequence[StrPath],
    *,
    model: StrPath = networks.SHIPPED,
    train: StrPath | None = None,
    steps: int | None = None,
    noise: str = AUTO,
    rescale: tuple[float, float] | None = None,
    clean: StrPath | None = None,
    out: StrPath = "denoised",
    progress: bool = True,
) -> Iterator[str]:
    """Denoise image files at full size, and write each as a file of its own kind, with a small picture beside it.

    What is there already, from an earlier call, is passed over.

    Parameters
    ----------
    files : sequence of path
        The files, or folders of them.
    model : path
        A ``.keras`` file that `training.save` has written, or ``"shipped"``.
    train : path, optional
        A folder of clean images: a network is trained on pieces of them first, and kept in `out`.
    steps : int, optional
        Of that training, in place of the fast recipe's.
    noise : str
        The noise in the files, such as ``"gaussian p=0.1 sigma=1"``; ``"auto"`` has its level estimated. It is what a
        network is trained for; of another one it tells whether it suits.
    rescale : tuple of float, optional
        Percentiles of a file's values that the network shall see as black and white, of DICOM files without their
        window. By default what `find_range` says.
    clean : path, optional
        The file without noise, where there is one file, to score it.
    out : path
        Where the results go.
    progress : bool
        Whether to show bars.

    Yields
    ------
    str
        What there is to say, as the work goes on.

    Raises
    ------
    InputError
        If an argument does not fit, or when all else is done, if files could not be denoised.
    """
    out = Path(out)
    work = _planned(files, out)
    if clean is not None and len(work) != 1:
        msg = f"Expected one file to denoise where its clean image is given; received {len(work)}."
        raise InputError(msg)
    if steps is not None and train is None:
        msg = "Expected steps only with a folder to train on: they are the training's. Leave them out, or add train."
        raise InputError(msg)
    known = None if noise == AUTO else networks.deviation(noise)
    left = {source: target for source, target in work.items() if not target.exists()}
    if len(left) < len(work):
        yield f"{len(work) - len(left)} of {len(work)} are in {out} from before, and passed over; remove what to redo."
    if not left:
        return
    if train is None:
        network = networks.shipped() if str(model) == networks.SHIPPED else networks.saved(Path(model))
    elif (keep := out / NETWORK).exists():
        yield f"{keep} is there from before, and used. Remove it to train anew."
        network = networks.saved(keep)
    else:
        sigma = known if known is not None else _typical(list(left), rescale)
        yield f"To train for: noise of {sigma:.3f} of the range{'' if known is not None else ', as estimated'}."
        corrupt = networks.noise_of(max(sigma, LEAST)) if known is None else noises.parse(noise)
        network = networks.trained(Path(train), corrupt=corrupt, steps=steps, keep=keep, progress=progress)
    yield network.about
    problems = []
    for source, target in left.items():
        try:
            yield from _denoised(
                source, target, network=network, known=known, rescale=rescale, clean=clean, progress=progress
            )
        except InputError as error:
            problems.append(str(error))
            yield f"{source}: not denoised. {error}"
    if problems:
        msg = f"{len(problems)} of {len(left)} files could not be denoised; the first: {problems[0]}"
        raise InputError(msg)
    yield f"{len(left)} denoised, in {out}; not for diagnosis. Beside each *{PICTURE} shows what was removed."


def _denoised(
    source: Path,
    target: Path,
    *,
    network: networks.Network,
    known: float | None,
    rescale: tuple[float, float] | None,
    clean: StrPath | None,
    progress: bool,
) -> Iterator[str]:
    """Denoise one file, and say what there is to say."""
    started = time.monotonic()
    window = rescale is None
    images = read(source, window=window)
    right = None if clean is None else read(clean, window=window)
    if right is not None and right.shape != images.shape:
        msg = f"Expected clean images of shape {images.shape}, as {source} has; received {right.shape}."
        raise InputError(msg)
    ends = find_range(images, percentiles=rescale)
    scale, name = unit(source, window=window)
    wide = (ends[1] - ends[0]) * scale
    sigma = known if known is not None else noise_level(images, ends=ends)
    after = denoise(network.model, images, ends=ends, progress=progress)
    middle = len(images) // 2
    looks.write(
        target.with_name(target.name + PICTURE), images[middle], after[middle], ends=ends, scale=scale, unit=name
    )
    # The file comes last, since it is what an interrupted command knows the finished ones by.
    write(after, like=source, folder=target.parent, window=window, note="Denoised by a convolutional autoencoder")
    several = f"{len(images)} images" if len(images) > 1 else "1 image"
    yield (
        f"{source} -> {target}: {several} of {images.shape[2]}x{images.shape[1]}, {time.monotonic() - started:.1f} s; "
        f"noise {'' if known is not None else 'estimated as '}{sigma:.3f} of the range ({sigma * wide:.3g} {name})."
    )
    if ends != (0, 1):
        yield (
            f"  It uses little of its range, or another one: the network saw {wide:.4g} {name} from black to white."
            if window
            else f"  The network saw {wide:.4g} {name} from black to white."
        )
    if network.sigmas and not network.sigmas[0] <= sigma <= network.sigmas[1]:
        low, high = network.sigmas
        yield (
            f"  Notice: the network was trained for noise of {low:.3g} to {high:.3g}; of other noise it leaves much, "
            "or it blurs what is none. Train one for this: --train FOLDER."
        )
    if right is not None:
        yield from _scored(right, images, read(target, window=window), ends)


def _scored(clean: np.ndarray, before: np.ndarray, after: np.ndarray, ends: tuple[float, float]) -> Iterator[str]:
    yield "  against the clean image (data_range=1, from black to white):"
    for name, images in (("before", before), ("after", after)):
        mean = score(as_seen(clean, ends), as_seen(images, ends), data_range=1).mean()
        yield f"  {name:6s}  SSIM {mean['ssim']:.3f}  PSNR {mean['psnr']:.2f} dB"


def _typical(files: list[Path], rescale: tuple[float, float] | None) -> float:
    """The estimated noise of some files, in the middle of them."""
    found = []
    for file in files[:: -(-len(files) // 8)]:
        images = read(file, window=rescale is None)
        found.append(noise_level(images, ends=find_range(images, percentiles=rescale)))
    return float(np.median(found))


def _planned(files: Sequence[StrPath], out: Path) -> dict[Path, Path]:
    """Which file becomes which; those that are in `out` are none to denoise."""
    work: dict[Path, Path] = {}
    for each in map(Path, files):
        inside = (
            [file for file in listed(each)[0] if out.resolve() not in file.resolve().parents] if each.is_dir() else []
        )
        if each.is_dir() and not inside:
            msg = f"The folder {each} holds no images to denoise."
            raise InputError(msg)
        work |= {file: place(file, out / file.relative_to(each).parent) for file in inside}
        if not inside:
            work[there(each)] = place(each, out)
    targets = [target.resolve() for target in work.values()]
    sources = {source.resolve() for source in work}
    double = next((target for target in targets if targets.count(target) > 1), None)
    over = next((target for target in targets if target in sources), None)
    if double or over:
        msg = (
            f"Two files would become {double}. Denoise them one after the other, with another --out."
            if double
            else f"{over} would be written over. Choose another --out than the folder that it is in."
        )
        raise InputError(msg)
    return work
