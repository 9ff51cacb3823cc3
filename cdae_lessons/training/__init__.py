"""One way to train a network, the same for every lesson, and to use, save and load it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from cdae_lessons import backend, metrics, noise
from cdae_lessons.errors import InputError, check_count, check_images, known
from cdae_lessons.progress import bar
from cdae_lessons.training.precision import computing
from cdae_lessons.training.recipes import RECIPES, SHIFT_FROM, Recipe, optimizer
from cdae_lessons.training.saved import info, load, save

__all__ = [
    "RECIPES",
    "History",
    "Recipe",
    "Stop",
    "denoise",
    "fit",
    "info",
    "load",
    "pretrain_layerwise",
    "save",
    "validation_noise",
]

keras = backend.load_keras()
ops = keras.ops


class Stop(Exception):  # noqa: N818 - like StopIteration, no error
    """What a `watch` of `fit` raises to end the training."""


@dataclass(frozen=True)
class History:
    """What happened in a training.

    Parameters
    ----------
    table : DataFrame
        A row an epoch: ``epoch``, ``loss``, and with validation images ``val_loss`` and ``val_ssim``
        (``data_range=1``), NaN in epochs that were not validated.
    recipe : str
        Name of the recipe; "own" for one of your own.
    noise : str
        The corruption, as ``"gaussian p=0.5 sigma=1"``.
    n_train : int
        Number of training images.
    seed : int
        The seed.
    seconds : float
        Wall time.
    stopped : {"finished", "interrupted", "stopped"}
        Why it ended: "interrupted" by Ctrl-C or the kernel's interrupt, "stopped" by a `watch`.
    """

    table: pd.DataFrame = field(repr=False)
    recipe: str
    noise: str
    n_train: int
    seed: int
    seconds: float
    stopped: str


def fit(
    model: keras.Model,
    clean: np.ndarray,
    corrupt: Callable,
    *,
    recipe: str | Recipe = "paper",
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    loss: str | Callable | None = None,
    precision: str = "float32",
    validation: np.ndarray | None = None,
    seed: int = 0,
    progress: bool = True,
    watch: Callable[[dict], None] | None = None,
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
        ``corrupt(images, rng=generator) -> noisy``, such as ``partial(noise.gaussian, p=0.5, sigma=1)``.
    recipe : {"paper", "fast"} or Recipe
        See `RECIPES`. "paper": cross-entropy, Adam 1e-3, batches of 10, 100 epochs, the set corrupted
        once. "fast": fresh noise, flips and, in a long training of few images, small shifts; SSIM in the loss, a
        schedule, averaged weights, 1000 steps of 5 images.
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
    own = isinstance(recipe, Recipe)
    settings = recipe if own else RECIPES[known(recipe, RECIPES, what="recipe")]
    return _train(
        model,
        check_images(clean, what="clean training images"),
        corrupt,
        settings=settings,
        recipe="own" if own else recipe,
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        loss=loss,
        precision=precision,
        validation=None if validation is None else check_images(validation, what="validation images"),
        seed=seed,
        label="Training",
        progress=progress,
        watch=watch,
    )


def pretrain_layerwise(
    model: keras.Model,
    clean: np.ndarray,
    corrupt: Callable,
    *,
    recipe: str = "paper",
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[History]:
    """Train the blocks of a `models.stacked_autoencoder` one at a time, from the outside in.

    Block k learns to map ``encode_k`` of the corrupted images' code back to the clean images' code,
    both coded by the blocks before it, which stay fixed. The first block's loss is the recipe's, the
    others' is the squared error, since codes need not lie in [0, 1]. Call `fit` afterwards to train all together.

    Parameters
    ----------
    model : keras.Model
        From `models.stacked_autoencoder`.
    clean, corrupt, recipe, epochs, steps, batch_size, seed, progress
        As for `fit`; the epochs or steps are those of each block.

    Returns
    -------
    list of History
        One a block.

    Raises
    ------
    InputError
        If the model is no stack, or as `fit`.

    References
    ----------
    P. Vincent et al., "Stacked denoising autoencoders", JMLR 11 (2010) 3371-3408, section 3.5. There the
    higher layers are corrupted by masking their clean input; here by the noise that comes through.
    """
    clean = check_images(clean, what="clean training images")
    settings = RECIPES[known(recipe, RECIPES, what="recipe")]
    names = {layer.name for layer in model.layers}
    depth = sum(name.startswith("encode_") for name in names)
    if depth == 0 or any(f"decode_{k}" not in names for k in range(1, depth + 1)):
        msg = f"Expected a model from models.stacked_autoencoder; {model.name!r} has no blocks encode_1, decode_1, …"
        raise InputError(msg)
    histories = []
    images = keras.Input(model.input_shape[1:])
    before = images
    for k in range(1, depth + 1):
        encode, decode = model.get_layer(f"encode_{k}"), model.get_layer(f"decode_{k}")
        if k > 1:  # Keras 3.13, which Colab has, builds no model without layers
            fixed = keras.Model(images, before)
            fixed.trainable = False
            coder = keras.models.clone_model(fixed)  # since JAX takes the weights of a model away while it is trained
            coder.set_weights(fixed.get_weights())
        history = _train(
            keras.Model(images, decode(encode(before)), name=f"block_{k}"),
            clean,
            corrupt,
            target=None if k == 1 else partial(_code, coder),
            settings=settings,
            recipe=recipe,
            epochs=epochs,
            steps=steps,
            batch_size=batch_size,
            loss=None if k == 1 else "mse",
            seed=seed,
            label=f"Block {k} of {depth}",
            progress=progress,
        )
        if k > 1:
            fixed.trainable = True
        histories.append(history)
        before = encode(before)
    return histories


def denoise(model: keras.Model, noisy: np.ndarray) -> np.ndarray:
    """Denoise images with a trained network.

    Parameters
    ----------
    model : keras.Model
        Maps (N, H, W) to (N, H, W).
    noisy : ndarray of shape (N, H, W), floating point
        Any finite values.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]

    Raises
    ------
    InputError
        If the images are not finite, or not of the size that the model was built for.
    """
    noisy = check_images(noisy, what="noisy images", in_range=False)
    _check_size(model, noisy)
    return np.clip(model.predict(noisy, batch_size=64, verbose=0), 0, 1)


def validation_noise(images: np.ndarray, corrupt: Callable, *, seed: int = 0) -> np.ndarray:
    """The validation images with the very noise that `fit` gives them under this seed.

    Parameters
    ----------
    images : ndarray of shape (M, H, W), floating point in [0, 1]
        The clean validation images.
    corrupt : callable
        As for `fit`.
    seed : int
        The seed of `fit`.

    Returns
    -------
    ndarray of shape (M, H, W)
    """
    return corrupt(images, rng=np.random.default_rng([seed, 1]))


def _code(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(model(images, training=False))


def _train(
    model: keras.Model,
    clean: np.ndarray,
    corrupt: Callable,
    *,
    settings: Recipe,
    recipe: str,
    epochs: int | None,
    steps: int | None,
    batch_size: int | None,
    loss: str | Callable | None,
    seed: int,
    label: str,
    progress: bool,
    target: Callable | None = None,
    precision: str = "float32",
    validation: np.ndarray | None = None,
    watch: Callable[[dict], None] | None = None,
) -> History:
    _check_size(model, clean)
    if epochs is not None and steps is not None:
        msg = f"Expected epochs or steps, not both; received epochs={epochs} and steps={steps}."
        raise InputError(msg)
    epochs = None if epochs is None else check_count(epochs, what="epochs", low=1)
    steps = None if steps is None else check_count(steps, what="steps", low=1)
    batch_size = None if batch_size is None else check_count(batch_size, what="batch_size", low=1)
    _check_corrupt(corrupt, clean)
    batch_size = min(batch_size or settings.batch_size, len(clean))
    steps_an_epoch = -(-len(clean) // batch_size)
    if steps is not None:
        epochs = -(-steps // steps_an_epoch)
    epochs = epochs or settings.epochs or -(-settings.steps // steps_an_epoch)
    batches = _Batches(clean, corrupt, target=target, settings=settings, batch_size=batch_size, seed=seed)
    started, stopped = time.monotonic(), "finished"
    with computing(model, precision), bar(epochs * steps_an_epoch, label=label, show=progress) as shown:
        model.compile(
            optimizer=optimizer(settings, epochs * steps_an_epoch),
            loss=loss or settings.loss,
            # XLA makes TensorFlow slower on a CPU, and compiling torch costs a student a minute; JAX needs it.
            jit_compile=keras.backend.backend() == "jax",
        )
        monitor = _Monitor(shown, every=-(-20 // steps_an_epoch), steps_an_epoch=steps_an_epoch, watch=watch)
        if validation is not None:
            _check_size(model, validation)
            monitor.validate_on(validation, validation_noise(validation, corrupt, seed=seed))
        swap = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if settings.averaging else []
        try:
            # In this order: the average is in place when the monitor looks at the weights.
            model.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[*swap, monitor])
        except KeyboardInterrupt:
            stopped = "interrupted"
        except Stop:
            stopped = "stopped"
        finally:
            monitor.restore(model)
    history = History(
        table=pd.DataFrame(monitor.rows),
        recipe=recipe,
        noise=_name(corrupt),
        n_train=len(clean),
        seed=seed,
        seconds=time.monotonic() - started,
        stopped=stopped,
    )
    if stopped == "interrupted":
        print(f"Stopped after {len(monitor.rows)} of {epochs} epochs. {monitor.kept()}")  # noqa: T201
    return history


class _Batches(keras.utils.PyDataset):
    """Pairs (noisy, target). What a batch holds depends on seed, epoch and number only, whoever asks when."""

    def __init__(self, clean, corrupt, *, target, settings, batch_size, seed):
        super().__init__()
        self.clean, self.corrupt, self.target, self.settings = clean, corrupt, target, settings
        self.batch, self.seed, self.epoch = batch_size, seed, 0
        self.noisy = None if settings.fresh_noise else corrupt(clean, rng=np.random.default_rng([seed, 0]))
        self._shuffle()

    def _shuffle(self):
        self.order = np.random.default_rng([self.seed, 2, self.epoch]).permutation(len(self.clean))

    def __len__(self):
        return -(-len(self.clean) // self.batch)

    def __getitem__(self, number):
        rng = np.random.default_rng([self.seed, 3, self.epoch, number])
        chosen = self.order[number * self.batch : (number + 1) * self.batch]
        if len(chosen) == 1:  # torch 2.13 on a CPU cannot differentiate a small convolution of one image
            chosen = chosen.repeat(2)
        kinds = [self.clean] if self.noisy is None else [self.clean, self.noisy]
        clean, *fixed = self._moved(np.stack([images[chosen] for images in kinds]), number, rng=rng)
        noisy = fixed[0] if fixed else self.corrupt(clean, rng=rng)
        return noisy, clean if self.target is None else self.target(clean)

    def _moved(self, images, number, *, rng):
        """A batch of shape (kinds, N, H, W), mirrored and shifted as the recipe says, each kind alike."""
        if self.settings.flips:
            mirrored = rng.random(images.shape[1]) < 0.5
            images[:, mirrored] = images[:, mirrored, :, ::-1]
        step = self.epoch * len(self) + number
        if self.settings.shift and self.epoch >= SHIFT_FROM["epoch"] and step >= SHIFT_FROM["step"]:
            height, width = images.shape[2:]
            down, right = (round(self.settings.shift * side) for side in (height, width))
            corners = rng.integers((2 * down + 1, 2 * right + 1), size=(images.shape[1], 2))
            wide = np.pad(images, ((0, 0), (0, 0), (down, down), (right, right)), mode="symmetric")
            for k, (i, j) in enumerate(corners):
                images[:, k] = wide[:, k, i : i + height, j : j + width]
        return images

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()


class _Monitor(keras.callbacks.Callback):
    """Moves the bar, validates, keeps the best weights, tells the watch, and stops at NaN."""

    def __init__(self, shown, *, every: int, steps_an_epoch: int, watch: Callable[[dict], None] | None):
        super().__init__()
        self.shown, self.every, self.steps_an_epoch, self.watch = shown, every, steps_an_epoch, watch
        self.rows, self.clean, self.noisy = [], None, None
        self.best, self.best_ssim, self.best_epoch, self.epoch = None, -np.inf, 0, 0

    def validate_on(self, clean, noisy):
        self.clean, self.noisy = clean, noisy

    def on_train_begin(self, logs=None):  # noqa: ARG002
        self._keep()

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if not np.isfinite(logs["loss"]):
            msg = (
                f"The loss became {logs['loss']} in epoch {self.epoch}, so the training was stopped and the last good "
                "weights were kept. Usual causes: a learning rate that is too high, cross-entropy with an output "
                "that is not a sigmoid, or noise so large that numbers overflow."
            )
            raise InputError(msg)
        ssim = f", validation SSIM {self.rows[-1]['val_ssim']:.3f}" if self.rows and "val_ssim" in self.rows[-1] else ""
        self.shown.update(note=f"Epoch {self.epoch}, loss {logs['loss']:.4f}{ssim}")
        self._tell(batch + 1, loss=float(logs["loss"]))

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002
        row = {"epoch": self.epoch, "loss": logs["loss"]}
        last = self.epoch == self.params["epochs"]
        if self.clean is None:
            self._keep()
        elif last or self.epoch % self.every == 0:
            denoised = denoise(self.model, self.noisy)
            row["val_loss"] = float(ops.convert_to_numpy(self.model.compute_loss(y=self.clean, y_pred=denoised)))
            row["val_ssim"] = metrics.score(self.clean, denoised, data_range=1)["ssim"].mean()
            if row["val_ssim"] > self.best_ssim:
                self.best_ssim = row["val_ssim"]
                self._keep()
        self.rows.append(row)
        self._tell(self.steps_an_epoch, loss=float(logs["loss"]), row=dict(row))

    def _tell(self, batch, **what):
        if self.watch is not None:
            epochs = self.params["epochs"]
            step, steps = (self.epoch - 1) * self.steps_an_epoch + batch, epochs * self.steps_an_epoch
            self.watch({"step": step, "steps": steps, "epoch": self.epoch, "epochs": epochs, **what})

    def _keep(self):
        self.best, self.best_epoch = self.model.get_weights(), self.epoch

    def restore(self, model):
        if self.best is not None:
            model.set_weights(self.best)

    def kept(self) -> str:
        if self.best_epoch == 0:
            return "No epoch was finished: the weights are those from before."
        why = "the best on the validation images" if self.clean is not None else "the last finished"
        return f"The weights are those of epoch {self.best_epoch}, {why}."


def _check_size(model: keras.Model, images: np.ndarray) -> None:
    expected = tuple(model.input_shape[1:])
    if images.shape[1:] != expected:
        msg = (
            f"The model {model.name!r} takes images of {expected} pixels; received {images.shape[1:]}. "
            f"Build it with size={images.shape[-1]}, or load the images with size={expected[-1]}."
        )
        raise InputError(msg)


def _check_corrupt(corrupt: Callable, clean: np.ndarray) -> None:
    remedy = "Expected corrupt(images, rng=…), such as functools.partial(noise.gaussian, p=0.5, sigma=1)"
    if not callable(corrupt):
        msg = f"{remedy}; received {corrupt!r}."
        raise InputError(msg)
    try:
        noisy = np.asarray(corrupt(clean[:1], rng=np.random.default_rng(0)))
    except TypeError as error:
        msg = f"{remedy}; calling it failed: {error}"
        raise InputError(msg) from error
    if noisy.shape != clean[:1].shape or not np.isfinite(noisy).all():
        msg = (
            f"{remedy}, that returns finite values of the same shape; for {clean[:1].shape} it returned {noisy.shape}."
        )
        raise InputError(msg)


def _name(corrupt: Callable) -> str:
    function = getattr(corrupt, "func", corrupt)
    return noise.name(corrupt) if function in noise.NOISES.values() else getattr(function, "__name__", repr(function))
