"""What a training does, how it ends, and what a saved model holds."""

import _thread
import dataclasses
import json
import pickle
import zipfile
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from cdae_lessons import InputError, metrics, models, noise, training
from cdae_lessons.models import keras
from cdae_lessons.training import layerwise
from cdae_lessons.training.batches import Batches
from cdae_lessons.training.recipes import RECIPES, cross_entropy, dissimilarity, learning_rate

pytestmark = pytest.mark.trains

NOISE = partial(noise.gaussian, p=0.3, sigma=1)


@pytest.fixture(scope="module")
def images():
    """Soft discs: something that a small network can learn in seconds."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:16, :16]
    centres, radii = rng.uniform(5, 11, (48, 2, 1, 1)), rng.uniform(2, 5, (48, 1, 1))
    distance = np.hypot(y - centres[:, 0], x - centres[:, 1])
    return (1 / (1 + np.exp(2 * (distance - radii)))).astype(np.float32)


def small(seed=0):
    return models.conv_autoencoder(16, filters=(8, 8), seed=seed)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_a_trained_network_denoises(images):
    train, test = images[:40], images[40:]
    noisy = NOISE(test, rng=1)
    model = small()
    history = training.fit(model, train, NOISE, recipe="fast", epochs=60, progress=False)
    denoised = training.denoise(model, noisy)
    assert metrics.score(test, denoised, data_range=1)["psnr"].mean() > (
        metrics.score(test, noisy, data_range=1)["psnr"].mean() + 3
    )
    assert history.table["loss"].iloc[-1] < 0.8 * history.table["loss"].iloc[0]
    assert (history.recipe, history.noise, history.n_train, history.stopped) == (
        "fast",
        "gaussian p=0.3 sigma=1",
        40,
        "finished",
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_seed_gives_the_same_network(recipe, images):
    networks = []
    for seed in (4, 4, 5):
        networks.append(small())
        training.fit(networks[-1], images, NOISE, recipe=recipe, epochs=2, seed=seed, progress=False)
    assert same(networks[0], networks[1])
    assert not same(networks[0], networks[2])


def test_the_papers_recipe_is_the_papers():
    paper = RECIPES["paper"]
    assert (paper.loss, paper.learning_rate, paper.batch_size, paper.epochs) == ("binary_crossentropy", 1e-3, 10, 100)
    assert not paper.fresh_noise


@pytest.mark.parametrize("recipe", RECIPES)
def test_noise_is_drawn_once_or_every_epoch(recipe, images):
    seen = []

    def corrupt(batch, *, rng):
        noisy = rng.standard_normal(batch.shape, dtype=np.float32)  # of the generator alone, whatever the images
        if len(batch) == len(images):
            seen.append(noisy)
        return noisy

    training.fit(small(), images, corrupt, recipe=recipe, epochs=3, batch_size=len(images), progress=False)
    draws = len({array.tobytes() for array in seen})
    assert draws >= 3 if RECIPES[recipe].fresh_noise else draws == 1


def batches(images, *, epoch, **parts):
    def negative(images, *, rng):
        return 1 - images

    settings = dataclasses.replace(RECIPES["fast"], **parts)
    made = Batches(images, negative, recipe=settings, batch_size=5, seed=0)
    for _ in range(epoch):
        made.next_epoch()
    return made


def test_noise_that_is_drawn_once_moves_with_its_image(images):
    made = batches(images, epoch=100, fresh_noise=False, shift=0.25)
    for number in range(len(made)):
        noisy, clean = made[number]
        np.testing.assert_array_equal(noisy, 1 - clean)
        chosen = made.order[5 * number : 5 * number + 5]
        assert not np.array_equal(clean, images[chosen])


@pytest.mark.parametrize(("n", "epoch", "moved"), [(5, 399, False), (5, 400, True), (100, 19, False), (100, 20, True)])
def test_few_images_are_shifted_and_mirrored_late_in_a_training(n, epoch, moved):
    ramp = np.broadcast_to(np.linspace(0, 1, 32, dtype=np.float32)[:, None], (n, 32, 32)).copy()
    _, clean = batches(ramp, epoch=epoch)[0]
    shifts = np.round((clean[:, 16, 0] - ramp[0, 16, 0]) * 31)
    assert set(shifts) <= ({-2, -1, 0, 1, 2} if moved else {0})
    assert (shifts != 0).any() == moved
    across = ramp.swapaxes(1, 2).copy()
    seen = np.concatenate([batches(across, epoch=epoch + k * moved)[0][1] for k in range(5)])
    assert (seen[:, 0, 0] > seen[:, 0, -1]).any() == moved


@pytest.mark.parametrize("recipe", ["paper", "fast"])
def test_what_is_wanted_may_be_another_noisy_copy(recipe, images):
    drawn = []

    def two_copies(clean, *, rng):
        drawn.append((NOISE(clean, rng=rng), NOISE(clean, rng=rng)))
        return drawn[-1]

    batches = Batches(images, two_copies, recipe=RECIPES[recipe], batch_size=len(images), seed=0)
    order = batches.order
    noisy, wanted = batches[0]
    for found, copy in zip((noisy, wanted), drawn[-1], strict=True):
        np.testing.assert_array_equal(found, copy[order] if recipe == "paper" else copy)
    model = small()
    assert (
        training.fit(model, images, two_copies, recipe=recipe, epochs=2, loss="mse", progress=False).noise
        == "two_copies"
    )


def test_training_leaves_the_images_as_they_were(images):
    before = images.copy()
    training.fit(small(), images, NOISE, recipe="fast", epochs=1, progress=False)
    np.testing.assert_array_equal(images, before)


def test_validation_keeps_the_best_epoch(images):
    class Spoiler(keras.losses.Loss):
        """Learns at first; later drives every output to 0."""

        def __init__(self):
            super().__init__()
            self.calls = 0

        def call(self, clean, denoised):
            self.calls += 1
            return (denoised - clean) ** 2 if self.calls <= 40 else 100 * denoised

    if keras.backend.backend() != "torch":
        pytest.skip("the spoiled loss counts its calls, which only torch makes at every step")
    model = small()
    history = training.fit(
        model,
        images[:40],
        NOISE,
        loss=Spoiler(),
        epochs=40,
        batch_size=20,
        validation=images[40:],
        progress=False,
    )
    table = history.table.dropna()
    best, last = table["val_ssim"].max(), table["val_ssim"].iloc[-1]
    assert best > last + 0.05
    noisy = NOISE(images[40:], rng=np.random.default_rng([0, 1]))
    kept = metrics.score(images[40:], training.denoise(model, noisy), data_range=1)["ssim"].mean()
    assert kept == pytest.approx(best, abs=1e-5)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_politely_and_the_model_can_be_used_and_trained_on(images, capsys):
    calls = 0

    def corrupt(batch, *, rng):
        nonlocal calls
        calls += 1
        if calls == 20:
            _thread.interrupt_main()  # what Ctrl-C and the kernel's interrupt button do
        return noise.gaussian(batch, p=0.3, rng=rng)

    model = small()
    history = training.fit(model, images, corrupt, recipe="fast", epochs=50, batch_size=16, progress=False)
    assert history.stopped == "interrupted"
    assert 1 <= len(history.table) < 50
    said = capsys.readouterr().out
    assert f"Stopped after {len(history.table)} of 50 epochs" in said
    assert f"epoch {len(history.table)}, the last finished" in said
    assert np.isfinite(training.denoise(model, images)).all()
    assert training.fit(model, images, NOISE, epochs=1, progress=False).stopped == "finished"


@pytest.mark.parametrize(("n", "batch_size"), [(6, 5), (3, 1), (1, 5)])
def test_a_batch_of_one_image_trains_a_small_network(images, n, batch_size):
    model = models.conv_autoencoder(16)
    before = model.get_weights()
    history = training.fit(model, images[:n], NOISE, epochs=2, batch_size=batch_size, progress=False)
    assert np.isfinite(history.table["loss"]).all()
    assert all((new != old).any() for new, old in zip(model.get_weights(), before, strict=True))


def test_a_watch_sees_every_step_and_every_epoch(images):
    seen = []
    history = training.fit(
        small(), images[:40], NOISE, recipe="fast", epochs=3, batch_size=15, validation=images[40:], watch=seen.append,
        progress=False,
    )  # fmt: skip
    steps = [state["step"] for state in seen if "row" not in state]
    assert steps == list(range(1, 10))
    assert [state["epoch"] for state in seen] == [1] * 4 + [2] * 4 + [3] * 4
    assert {(state["steps"], state["epochs"]) for state in seen} == {(9, 3)}
    ends = seen[3::4]
    assert [state["step"] for state in ends] == [3, 6, 9]
    assert [state["row"]["epoch"] for state in ends] == [1, 2, 3]
    assert ends[-1]["row"] == history.table.iloc[-1].to_dict()
    assert ends[-1]["loss"] == history.table["loss"].iloc[-1]


@pytest.mark.parametrize("at", ["step", "row"])
def test_a_watch_ends_the_training_and_the_best_weights_are_kept(at, images, capsys):
    train, validation = images[:40], images[40:]
    noisy = NOISE(validation, rng=np.random.default_rng([0, 1]))
    model, scores = small(), []

    def watch(state):
        if "val_ssim" in state.get("row", {}):
            denoised = training.denoise(model, noisy)
            scores.append(metrics.score(validation, denoised, data_range=1)["ssim"].mean())
        if state["epoch"] == 5 and at in state:
            raise training.Stop

    history = training.fit(
        model, train, NOISE, recipe="fast", epochs=50, batch_size=2, validation=validation, watch=watch, progress=False
    )
    assert history.stopped == "stopped"
    assert len(history.table) == (4 if at == "step" else 5)
    assert scores == pytest.approx(list(history.table["val_ssim"]), abs=1e-5)
    kept = metrics.score(validation, training.denoise(model, noisy), data_range=1)["ssim"].mean()
    assert kept == pytest.approx(max(scores), abs=1e-5)
    assert capsys.readouterr() == ("", "")


def test_an_error_in_a_watch_comes_out_and_the_weights_are_the_last_good_ones(images):
    model = small()
    before = model.get_weights()

    def watch(state):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        training.fit(model, images, NOISE, epochs=2, watch=watch, progress=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_loss_that_becomes_nan_stops_with_a_reason_and_good_weights(images):
    def explode(clean, denoised):
        return keras.ops.log(-keras.ops.abs(denoised) - 1 + 0 * clean)

    model = small()
    before = model.get_weights()
    with pytest.raises(InputError, match="loss became nan in epoch 1.*learning rate"):
        training.fit(model, images, NOISE, loss=explode, epochs=2, progress=False)
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("size", [7, 16])
def test_the_loss_term_is_scikit_images_ssim(size, images):
    clean = images[:5, :size, :size]
    other = np.clip(noise.gaussian(clean, p=0.2, rng=0), 0, 1)
    expected = 1 - metrics.score(clean, other, data_range=1)["ssim"].mean()
    assert float(keras.ops.convert_to_numpy(dissimilarity(clean, other))) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_layerwise_training_trains_one_block_at_a_time(kind, images):
    model = models.stacked_autoencoder(16, kind=kind, widths=(12, 6))
    names = ("encode_1", "encode_2", "decode_2", "decode_1")
    before = {name: model.get_layer(name).get_weights() for name in names}
    untrained = metrics.score(images, training.denoise(model, NOISE(images, rng=1)), data_range=1)["mse"].mean()
    histories = training.pretrain_layerwise(model, images, NOISE, epochs=30, progress=False)
    assert len(histories) == 2
    for history in histories:
        assert history.table["loss"].iloc[-1] < history.table["loss"].iloc[0]
    for name in names:
        assert not all(
            np.array_equal(a, b) for a, b in zip(before[name], model.get_layer(name).get_weights(), strict=True)
        )
    assert all(layer.trainable for layer in model.layers[1:])
    pretrained = metrics.score(images, training.denoise(model, NOISE(images, rng=1)), data_range=1)["mse"].mean()
    assert pretrained < untrained
    training.fit(model, images, NOISE, epochs=20, progress=False)
    tuned = metrics.score(images, training.denoise(model, NOISE(images, rng=1)), data_range=1)["mse"].mean()
    assert tuned < pretrained


def test_the_second_block_leaves_the_first_alone(images, monkeypatch):
    model = models.stacked_autoencoder(16, widths=(12, 6))
    real, seen = layerwise.carry_out, [model.get_layer("encode_1").get_weights()[0]]

    def watched(*arguments, **keywords):
        history = real(*arguments, **keywords)
        seen.append(model.get_layer("encode_1").get_weights()[0])
        return history

    monkeypatch.setattr(layerwise, "carry_out", watched)
    training.pretrain_layerwise(model, images, NOISE, recipe="fast", epochs=2, batch_size=48, progress=False)
    before, after_first, after_second = seen
    assert not np.array_equal(before, after_first)
    np.testing.assert_array_equal(after_first, after_second)


def test_layerwise_training_builds_no_network_without_layers(images, monkeypatch):
    def as_on_colab(inputs, outputs, **keywords):
        assert inputs is not outputs  # Keras 3.13: "`inputs` not connected to `outputs`"
        return keras.Model(inputs, outputs, **keywords)

    model = models.stacked_autoencoder(16, widths=(12, 6))
    monkeypatch.setattr(layerwise, "keras", SimpleNamespace(**vars(keras) | {"Model": as_on_colab}))
    histories = training.pretrain_layerwise(model, images, NOISE, recipe="fast", epochs=1, progress=False)
    assert len(histories) == 2


def test_a_model_that_is_no_stack_cannot_be_pretrained(images):
    with pytest.raises(InputError, match="Expected a model from models.stacked_autoencoder"):
        training.pretrain_layerwise(small(), images, NOISE, progress=False)


@pytest.mark.parametrize(("n", "steps", "epochs"), [(48, 12, 3), (48, 13, 4), (3, 12, 12)])
def test_steps_are_rounded_up_to_whole_epochs(n, steps, epochs, images):
    history = training.fit(small(), images[:n], NOISE, steps=steps, batch_size=12, progress=False)
    assert len(history.table) == epochs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"recipe": "quick"}, "no recipe called 'quick'.*Known: paper, fast"),
        ({"epochs": 0}, "epochs.*received 0"),
        ({"steps": 0}, "steps.*received 0"),
        ({"epochs": 1, "steps": 1}, "epochs or steps, not both"),
        ({"batch_size": -1}, "batch_size.*received -1"),
        ({"clean": np.zeros((2, 8, 8), np.float32)}, r"takes images of \(16, 16\) pixels; received \(8, 8\)"),
        ({"clean": np.full((2, 16, 16), 7.0)}, "clean training images.*0, 1.*7"),
        ({"clean": np.zeros((2, 16, 16), np.uint8)}, "Divide 8-bit images by 255"),
        ({"clean": np.zeros((16, 16))}, "newaxis"),
        ({"validation": np.full((2, 16, 16), np.nan)}, "validation images hold NaN"),
        ({"validation": np.zeros((2, 8, 8))}, "takes images"),
        ({"corrupt": "gaussian"}, "functools.partial.*received 'gaussian'"),
        ({"corrupt": lambda images: images}, "calling it failed"),
        ({"corrupt": lambda images, rng: images[:, 1:]}, "same shape"),
        ({"corrupt": lambda images, rng: (images, images[:, 1:])}, "same shape"),
        ({"corrupt": lambda images, rng: (images, images, images)}, "calling it failed: too many values"),
    ],
)
def test_wrong_arguments_are_answered_before_any_training(arguments, said, images):
    model = small()
    before = model.get_weights()
    given = {"clean": images, "corrupt": NOISE, "progress": False} | arguments
    with pytest.raises(InputError, match=said):
        training.fit(model, given.pop("clean"), given.pop("corrupt"), **given)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("noisy", "said"), [(np.zeros((2, 8, 8)), "load the images"), (np.full((1, 16, 16), np.inf), "NaN")]
)
@pytest.mark.parametrize("build", [models.dense_autoencoder, partial(models.stacked_autoencoder, kind="conv")])
def test_images_that_cannot_be_denoised_are_refused(build, noisy, said):
    with pytest.raises(InputError, match=said):
        training.denoise(build(16), noisy)


def test_a_network_that_ends_with_one_grey_is_reported(images, capsys):
    model = small()
    model.layers[-2].bias.assign([-30.0])  # the sigmoid's slope is 0 there: it learns nothing any more
    training.fit(model, images, NOISE, epochs=1, progress=False)
    assert "answers every image with one grey, 0.00" in capsys.readouterr().out
    training.fit(small(), images, NOISE, epochs=1, progress=False)
    assert capsys.readouterr().out == ""


def test_the_fast_recipe_brings_a_black_network_back(images):
    model = small()
    model.layers[-2].bias.assign([-20.0])
    assert training.denoise(model, images).max() < 1e-7  # where Keras' cross-entropy is flat
    training.fit(model, images, NOISE, recipe="fast", steps=200, progress=False)
    assert training.denoise(model, images).mean() == pytest.approx(images.mean(), abs=0.1)


def test_cross_entropy_is_keras_own_where_that_has_a_slope():
    clean, seen = np.random.default_rng(0).random((2, 3, 8, 8)).astype(np.float32)
    ours, black, theirs = (
        float(keras.ops.mean(loss(keras.ops.convert_to_tensor(clean), keras.ops.convert_to_tensor(images))))
        for loss, images in ((cross_entropy, seen), (cross_entropy, 0 * seen), (keras.losses.binary_crossentropy, seen))
    )
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert ours < black < np.inf


@pytest.mark.parametrize("steps", [1, 7, 60, 100, 1000])
def test_the_learning_rate_warms_up_slowly_enough_and_falls_to_almost_nothing(steps):
    rates = np.array([learning_rate(RECIPES["fast"], step, steps=steps) for step in range(steps)])
    top = rates.argmax()
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert np.diff(rates, prepend=0).max() <= 1e-4 + 1e-12  # faster, and networks of 17 layers blow up
    assert (np.diff(rates[top:]) < 0).all()
    assert 0 < rates[-1] < 1e-4 or steps < 10
    assert 0.95 * 5e-3 < rates.max() <= 5e-3 or steps < 500
    assert {learning_rate(RECIPES["paper"], step, steps=steps) for step in range(steps)} == {1e-3}


@pytest.mark.parametrize("tied", [False, True])
def test_a_saved_model_comes_back_with_how_it_was_made(tied, images, tmp_path):
    model = models.dense_autoencoder(16, code=8, tied=tied)
    history = training.fit(model, images, NOISE, epochs=1, seed=3, progress=False)
    path = training.save(model, tmp_path / "net.keras", history=history, scores={"ssim": np.float32(0.5)})
    np.testing.assert_array_equal(training.denoise(training.load(path), images), training.denoise(model, images))
    made = training.info(path)
    assert (made["recipe"], made["noise"], made["n_train"], made["seed"]) == ("paper", "gaussian p=0.3 sigma=1", 48, 3)
    assert made["scores"] == {"ssim": 0.5}
    assert [file.name for file in tmp_path.iterdir()] == ["net.keras"]


def test_a_model_is_saved_at_one_stroke(images, tmp_path, monkeypatch):
    path = tmp_path / "net.keras"
    training.save(small(), path)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(InputError, match="Cannot write.*No space left"):
        training.save(small(seed=1), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["net.keras"]


def test_a_wrong_name_or_folder_is_answered_clearly(tmp_path):
    with pytest.raises(InputError, match="ends in .keras; received 'net.h5'"):
        training.save(small(), tmp_path / "net.h5")
    assert training.save(small(), tmp_path / "a new folder" / "net.keras").is_file()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Cannot write .*choose another folder"):
        training.save(small(), tmp_path / "file" / "net.keras")


def _hostile(path):
    """A model whose Lambda layer would run code on loading."""
    inputs = keras.Input((16, 16))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x, output_shape=(16, 16))(inputs)).save(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "There is no file"),
        (lambda path: path.write_bytes(b""), "not a .keras file"),
        (lambda path: path.write_bytes(pickle.dumps([1])), "not a .keras file"),
        (lambda path: training.save(small(), path) and path.write_bytes(path.read_bytes()[:2000]), "not a .keras file"),
        (lambda path: zipfile.ZipFile(path, "w").close(), "cannot be loaded"),
        (_hostile, "cannot be loaded.*[Ll]ambda"),
    ],
    ids=["missing", "empty", "pickle", "truncated", "zip of nothing", "lambda"],
)
def test_files_that_are_no_models_are_refused(make, said, tmp_path):
    path = tmp_path / "net.keras"
    make(path)
    with pytest.raises(InputError, match=said):
        training.load(path)


def test_a_zip_bomb_is_not_opened(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("config.json", "w") as member:
        for _ in range(1100):
            member.write(bytes(2**20))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(InputError, match="unpacks to 1100.0 MiB"):
        training.load(path)


def test_a_model_that_keras_saved_itself_says_nothing_of_its_training(tmp_path):
    path = tmp_path / "net.keras"
    small().save(path)
    with pytest.raises(InputError, match="says nothing about its training"):
        training.info(path)
    assert training.load(path).input_shape == (None, 16, 16)


def test_the_stored_facts_are_plain_json(images, tmp_path):
    history = training.fit(small(), images, NOISE, epochs=1, progress=False)
    path = training.save(small(), tmp_path / "net.keras", history=history)
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("cdae_lessons.json"))["noise"] == "gaussian p=0.3 sigma=1"


def spoils(images, *, rng):
    """A corruption that works in place, as a student may write it."""
    images += 0.1 * rng.standard_normal(images.shape, dtype=np.float32)
    return images


@pytest.mark.parametrize("recipe", ["paper", "fast"])
def test_a_corruption_that_works_in_place_changes_no_image_and_learns_as_any_other(recipe, images):
    clean = images[:8].copy()
    nets = []
    for corrupt in (spoils, lambda images, *, rng: spoils(images.copy(), rng=rng)):
        nets.append(models.dense_autoencoder(16, code=8))
        training.fit(nets[-1], clean, corrupt, recipe=recipe, epochs=1, validation=clean[:4], progress=False)
        training.validation_noise(clean, corrupt)
        np.testing.assert_array_equal(clean, images[:8])
    for one, other in zip(*(net.get_weights() for net in nets), strict=True):
        np.testing.assert_array_equal(one, other)
