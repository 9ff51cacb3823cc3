"""One way to train a network, the same for every lesson."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from cdae_lessons.errors import InputError, check_count, check_images, known
from cdae_lessons.progress import bar
from cdae_lessons.training.batches import Batches, Corrupt, check_corrupt, name_of, validation_noise
from cdae_lessons.training.denoising import check_model, denoise
from cdae_lessons.training.history import History, Stop
from cdae_lessons.training.monitor import Record, Validation, Watch, check_finite, held_back
from cdae_lessons.training.recipes import RECIPES, Recipe, check_loss, learning_rate
from cdae_lessons.training.stepping import stepping

VALIDATED = 20  # steps, at least, from one validation to the next
FLAT = 1e-3  # grey levels: a standard deviation over the pixels that counts as none


def fit(
    model: Any,
    clean: ArrayLike,
    corrupt: Corrupt,
    *,
    recipe: str | Recipe = "paper",
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    loss: str | Callable[..., Any] | None = None,
    precision: str = "auto",
    validation: ArrayLike | None = None,
    seed: int = 0,
    progress: bool = True,
    watch: Watch | None = None,
) -> History:
    """Train `model` in place to map ``corrupt(clean)`` back to ``clean``.

    With `validation` the weights of the epoch with the best validation SSIM are kept, else the last.
    A kernel interrupt (Ctrl-C) ends the training early and keeps the weights in the same way. The
    same seed, data and machine give the same weights.

    Parameters
    ----------
    model : keras.Model
        Maps (N, H, W) to (N, H, W).
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The training images.
    corrupt : callable
        ``corrupt(images, rng=generator) -> noisy``, such as ``partial(noise.gaussian, p=0.5, sigma=1)``. If it returns
        a tuple ``(noisy, wanted)``, the network learns ``wanted`` in place of the clean images: a second noisy copy, as
        in Noise2Noise (Lehtinen et al. 2018, arXiv 1803.04189), say. Where that leaves [0, 1], give ``loss="mse"``.
    recipe : {"paper", "fast"} or Recipe
        See `RECIPES`. "paper": cross-entropy, Adam 1e-3, batches of 10, 100 epochs, the set corrupted
        once. "fast": fresh noise and, in a long training of few images, flips and small shifts; SSIM in the loss, a
        schedule, 1000 steps of 5 images.
        ``dataclasses.replace(RECIPES["fast"], flips=False)`` makes one of your own.
    epochs, steps : int, optional
        Length of the training in place of the recipe's, by one of the two: passes over the images, or steps, one a
        batch, rounded up to whole epochs. Compare sets of different sizes at equal steps.
    batch_size : int, optional
        In place of the recipe's.
    loss : str or callable, optional
        In place of the recipe's: a Keras loss, or a function of (clean, denoised).
    precision : {"float32", "bfloat16", "auto"}
        What the layers compute in while they are trained; "auto" takes bfloat16 where it is faster on this machine. The
        weights stay float32. Scores differ by about a thousandth, so what must come out alike everywhere has float32.
    validation : ndarray of shape (M, H, W), floating point in [0, 1], optional
        Other clean images, corrupted once, to watch the training by. Never the test images.
    seed : int
        Of the noise, the order of the images and the flips. (The initial weights have the model's own.)
    progress : bool
        Whether to show a bar with the time left.
    watch : callable, optional
        Called as ``watch(state)`` after every step, and once more at the end of every epoch, with a dict: ``step`` of
        ``steps`` and ``epoch`` of ``epochs``, counted from 1, ``loss``, the epoch's mean so far, and at an epoch's end
        ``row``, its row of `History.table`; the model then holds the weights that were validated. It may raise
        `Stop` to end the training as an interrupt does, with nothing printed. It must leave the weights alone.

    Returns
    -------
    History

    Raises
    ------
    InputError
        If an argument does not fit, or the loss becomes NaN; the model then holds the last good weights.
    """
    clean, seed = check_images(clean, what="clean training images"), check_count(seed, what="seed")
    check_model(model, clean)
    plan = planned(recipe, n=len(clean), epochs=epochs, steps=steps, batch_size=batch_size, loss=loss)
    check_corrupt(corrupt, clean)
    if watch is not None and not callable(watch):
        msg = f"Expected watch to be a function of one dict, or None; received {watch!r}."
        raise InputError(msg)
    seen = None
    if validation is not None:
        validation = check_images(validation, what="validation images")
        check_model(model, validation)
        seen = validation, validation_noise(validation, corrupt, seed=seed)
    batches = Batches(clean, corrupt, recipe=plan.recipe, batch_size=plan.batch_size, seed=seed)
    history = carry_out(
        model,
        batches,
        plan,
        label="Training",
        progress=progress,
        precision=precision,
        validation=seen,
        watch=watch,
    )
    if history.stopped == "finished":
        _say_if_dead(model, batches)
    return history


@dataclass(frozen=True)
class Plan:
    """How long and how a network is trained: a recipe with what was given in its place.

    Parameters
    ----------
    recipe : Recipe
        Its loss is the one to use; its length is not.
    name : str
        Of the recipe; "own" for one of one's own.
    epochs, steps_an_epoch, batch_size : int
        The length, and images a step.
    """

    recipe: Recipe
    name: str
    epochs: int
    steps_an_epoch: int
    batch_size: int

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.epochs * self.steps_an_epoch


def planned(
    recipe: str | Recipe,
    *,
    n: int,
    epochs: int | None,
    steps: int | None,
    batch_size: int | None,
    loss: str | Callable[..., Any] | None = None,
) -> Plan:
    """Work out a `Plan` for `n` images from the arguments of `fit`, and check these."""
    own = isinstance(recipe, Recipe)
    settings = recipe if isinstance(recipe, Recipe) else RECIPES[known(recipe, RECIPES, what="recipe")]
    if epochs is not None and steps is not None:
        msg = f"Expected epochs or steps, not both; received epochs={epochs} and steps={steps}."
        raise InputError(msg)
    epochs = None if epochs is None else check_count(epochs, what="epochs", low=1)
    steps = None if steps is None else check_count(steps, what="steps", low=1)
    batch_size = None if batch_size is None else check_count(batch_size, what="batch_size", low=1)
    batch_size = min(batch_size or settings.batch_size, n)
    steps_an_epoch = -(-n // batch_size)
    if steps is None and epochs is None:
        epochs, steps = settings.epochs, settings.steps
    epochs = epochs or -(-(steps or 1) // steps_an_epoch)
    settings = settings if loss is None else replace(settings, loss=check_loss(loss))
    return Plan(settings, "own" if own else str(recipe), epochs, steps_an_epoch, batch_size)


def carry_out(
    model: Any,
    batches: Batches,
    plan: Plan,
    *,
    label: str,
    progress: bool,
    precision: str = "auto",
    validation: Validation | None = None,
    watch: Watch | None = None,
) -> History:
    """Train a model in place as planned; arguments as for `fit`, all of them checked."""
    started, stopped = time.monotonic(), "finished"
    record = Record(model, plan.recipe.loss, validation, every=-(-VALIDATED // plan.steps_an_epoch), epochs=plan.epochs)
    try:
        with (
            bar(plan.steps, label=label, show=progress) as shown,
            held_back() as let_interrupts_through,
            record.restored(),
            stepping(model, plan.recipe.loss, precision=precision) as step,
        ):
            for epoch in range(1, plan.epochs + 1):
                losses: list[float] = []
                for noisy, clean in batches:
                    done = (epoch - 1) * plan.steps_an_epoch + len(losses)
                    losses.append(step(noisy, clean, learning_rate(plan.recipe, done, steps=plan.steps)))
                    check_finite(losses[-1], epoch=epoch)
                    state: dict[str, Any] = {
                        "step": done + 1,
                        "steps": plan.steps,
                        "epoch": epoch,
                        "epochs": plan.epochs,
                    }
                    state["loss"] = sum(losses) / len(losses)
                    shown.update(note=f"Epoch {epoch}, loss {state['loss']:.4f}{record.said()}")
                    if watch is not None:
                        watch(dict(state))
                    let_interrupts_through()
                row = record.add(state["loss"])
                if watch is not None:
                    watch(state | {"row": row})
    except KeyboardInterrupt:
        stopped = "interrupted"
    except Stop:
        stopped = "stopped"
    if stopped == "interrupted":
        print(f"Stopped after {len(record.rows)} of {plan.epochs} epochs. {record.kept()}")  # noqa: T201
    return History(
        table=pd.DataFrame(record.rows),
        recipe=plan.name,
        noise=name_of(batches.corrupt),
        n_train=len(batches.clean),
        seed=batches.seed,
        seconds=time.monotonic() - started,
        stopped=stopped,
    )


def _say_if_dead(model: Any, batches: Batches) -> None:
    noisy, clean = batches[0]
    denoised = denoise(model, noisy)
    if denoised.std(axis=(1, 2)).max() < FLAT <= clean.std(axis=(1, 2)).max():
        print(  # noqa: T201
            f"The network answers every image with one grey, {denoised.mean():.2f}: it has learned nothing of the "
            "images. Build it anew with another seed, and train it longer or at a lower rate."
        )
