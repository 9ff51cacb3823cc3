import ctypes
import gc
import io
import subprocess
import sys
import threading
import time
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from cdae_lessons import checks, datasets, denoisers, lesions, models, noise, training, weights, widgets
from cdae_lessons.errors import InputError
from cdae_lessons.metrics import score
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.code import code_cases, code_plane
from cdae_lessons.widgets.denoise import CLASSICAL, SHIPPED, classical, denoise_case
from cdae_lessons.widgets.dose import FULL, dose_case, lesion_centre
from cdae_lessons.widgets.lesion import lesion_case
from cdae_lessons.widgets.metric import dot_centre, metric_case
from cdae_lessons.widgets.noise import equation, noise_case
from cdae_lessons.widgets.noise_sliders import LEVELS, PARAMETERS, corruption
from cdae_lessons.widgets.posterior import posterior_case
from cdae_lessons.widgets.samples import samples_case
from cdae_lessons.widgets.still import VIEW
from cdae_lessons.widgets.weights import weights_case


@pytest.fixture(scope="module")
def cohort():
    return datasets.load("brain", n=3)


@pytest.fixture(scope="module")
def clean(cohort):
    return cohort.images[0]


@pytest.fixture(scope="module")
def autoencoders():
    return {code: models.dense_autoencoder(64, code=code) for code in (16, 4, 2)}


def halves(autoencoder):
    """The encoder and the decoder of a dense autoencoder."""
    keras = models.keras
    encode, decode, reshape = autoencoder.layers[-3:]
    size, code = autoencoder.input_shape[1:], decode.input.shape[1:]
    encoder = keras.Sequential([keras.Input(size), keras.layers.Flatten(), encode])
    return encoder, keras.Sequential([keras.Input(code), decode, reshape])


# ---- what every lab is made of


def blank(_):
    """Draw nothing."""


def a_lab(seconds=0.0):
    """A lab whose text is its settings, which fails at 7."""

    def redraw(settings):
        time.sleep(seconds)
        if settings["a"] == 7:
            raise ValueError("no <sevens>")
        return blank, f"a is {settings['a']}"

    controls = {"a": base.slider("A", 1, 0, 500, 1), "go": base.button("Go"), "b": base.checkbox("B")}
    return base.Lab("test lab", controls, redraw, height=40)


def test_a_lab_draws_at_once_and_follows_its_controls():
    lab = a_lab()
    first = lab.picture.value
    assert bytes(first).startswith(b"\x89PNG")
    assert lab.settings == {"a": 1, "b": False}  # a button is no setting
    lab.controls["a"].slider.value = 3
    assert lab.wait()
    assert "a is 3" in lab.text.value
    lab.controls["a"].box.value = 4
    assert lab.wait()
    assert "a is 4" in lab.text.value


def test_the_text_of_a_lab_is_one_stable_sentence():
    assert repr(a_lab()) == "An interactive test lab: run this notebook to use it."


def formatted(lab):
    formatter = DisplayFormatter()
    formatter.active_types = ["text/plain", "image/png"]
    return formatter.format(lab)


def test_a_lab_is_shown_live_with_a_picture_of_it_for_pages_without_a_kernel():
    lab = a_lab()
    data, metadata = formatted(lab)
    assert data[VIEW] == {"version_major": 2, "version_minor": 0, "model_id": lab.model_id}
    assert data["text/plain"] == repr(lab)
    text = "Test lab (A 1, B: no): run this notebook to use it."
    with Image.open(io.BytesIO(data["image/png"])) as still, Image.open(io.BytesIO(lab.picture.value)) as live:
        assert still.width == live.width
        assert still.height > live.height + 20
        np.testing.assert_array_equal(
            np.asarray(still)[: live.height],
            np.asarray(live.convert("RGB")),
            err_msg="the lab's picture, then its text",
        )
        assert np.asarray(still)[live.height :].min() < 100
        size = {"width": base.WIDTH, "height": round(still.height * base.CSS / base.DPI)}
    assert metadata["image/png"] == {"alt": text} | size


def test_the_picture_shows_a_value_that_was_set_in_code_just_before():
    def redraw(settings):
        time.sleep(0.3)
        return lambda figure: figure.add_artist(Rectangle((0, 0), settings["a"], 1, color="black")), ""

    lab = base.Lab("test lab", {"a": base.slider("A", 0.0, 0.0, 1.0, 0.5)}, redraw, height=40)
    lab.controls["a"].value = 0.5
    data, metadata = formatted(lab)
    assert metadata["image/png"]["alt"] == "Test lab (A 0.5): run this notebook to use it."
    with Image.open(io.BytesIO(data["image/png"])) as still:
        row = np.asarray(still.convert("L"))[30]
    assert row[: still.width // 2 - 2].max() < 20
    assert row[still.width // 2 + 2 :].min() > 235


def test_the_picture_of_a_lab_is_the_same_in_any_style(style):
    before = formatted(a_lab())[0]["image/png"]
    style()
    assert formatted(a_lab())[0]["image/png"] == before


def test_the_picture_names_what_is_chosen_and_no_control_that_is_hidden():
    controls = {"m": base.menu("Menu", {"one": 1, "two": 2}, 2), "s": base.slider("S", 0.5, 0.0, 1.0, 0.5)}
    base.shown(controls["s"], False)
    lab = base.Lab("test lab", controls, lambda _: (blank, ""), height=40)
    assert formatted(lab)[1]["image/png"]["alt"] == "Test lab (Menu two): run this notebook to use it."


def test_a_lab_without_a_picture_shows_none():
    data, metadata = formatted(widgets.order_lab({"A": "Train."}, checks.check_experiment_order))
    assert {*data} == {"text/plain", VIEW}
    assert metadata == {}


def test_old_widgets_do_not_show_the_view_alone(monkeypatch):
    shown = []
    monkeypatch.setattr(ipywidgets.VBox, "_ipython_display_", lambda self: shown.append(self), raising=False)  # 7.7.1
    assert "image/png" in formatted(a_lab())[0]
    assert not shown


def test_an_error_becomes_a_message_and_the_next_setting_is_drawn():
    lab = a_lab()
    lab.controls["a"].slider.value = 7
    lab.wait()
    assert "no &lt;sevens&gt;" in lab.message.value
    assert 'role="alert"' in lab.message.value
    assert "a is 1" in lab.text.value  # the last good picture stays
    lab.controls["a"].slider.value = 8
    lab.wait()
    assert lab.message.value == ""
    assert "a is 8" in lab.text.value


def test_a_mistake_in_the_input_is_told_in_its_own_words():
    def redraw(_):
        raise InputError("Use larger images.")

    assert ">Use larger images.<" in base.Lab("test lab", {}, redraw).message.value


def test_while_one_picture_is_drawn_only_the_newest_setting_waits():
    lab, drawn, begun, free = a_lab(), [], threading.Event(), threading.Event()

    def redraw(settings):
        drawn.append(settings["a"])
        begun.set()
        assert free.wait(300)
        return blank, ""

    lab._redraw = redraw
    lab.controls["a"].slider.value = 9
    assert begun.wait(300)
    for value in range(10, 30):
        lab.controls["a"].slider.value = value
    free.set()
    assert lab.wait()
    assert drawn == [9, 29]


def test_python_ends_in_the_middle_of_a_picture():
    code = """
import atexit
import threading

@atexit.register
def at_the_very_end():
    print(lab.wait(0))

from cdae_lessons.widgets import base
drawing = threading.Event()

def draw(figure):
    for place in range(200):
        figure.text(0, place / 200, "where matplotlib's C++ calls Python")
    drawing.set()

lab = base.Lab("test lab", {}, lambda _: (draw, ""))
drawing.clear()
lab.refresh()
drawing.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_callbacks_on_several_threads_leave_one_drawing_at_a_time():
    lab, inside, most = a_lab(), [], []

    def redraw(settings):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()
        return blank, f"a is {settings['a']}"

    lab._redraw = redraw
    threads = [threading.Thread(target=lab.refresh) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lab.wait()
    assert max(most) == 1


def test_an_error_in_a_guarded_callback_is_a_message():
    lab = a_lab()
    with lab.guarded():
        raise RuntimeError("out of luck")
    assert "RuntimeError: out of luck" in lab.message.value


def test_a_lab_without_a_picture_says_what_it_is_told():
    lab = base.Lab("test lab", {"go": base.button("Go")})
    assert bytes(lab.picture.value) == b""
    lab.say("Ready <now>")
    assert "Ready &lt;now&gt;" in lab.message.value
    assert 'role="status"' in lab.message.value


def test_a_button_calls_its_function():
    pressed = []
    base.button("Go", lambda: pressed.append(1)).click()
    assert pressed == [1]


@pytest.mark.parametrize(
    ("arguments", "box", "start"),
    [
        (("n", 5, 0, 9, 1), ipywidgets.BoundedIntText, 5),
        (("x", 0.3, 0.05, 1.0, 0.05), ipywidgets.BoundedFloatText, 0.3),
    ],
)
def test_slider_and_box_move_together(arguments, box, start):
    control = base.slider(*arguments)
    assert isinstance(control.box, box)
    assert control.box.description == arguments[0]
    assert control.value == start
    control.slider.value = arguments[3]
    assert control.box.value == control.value == arguments[3]
    control.box.value = arguments[2]
    assert control.slider.value == control.value == arguments[2]
    control.box.value = arguments[3] * 2  # typed, too large
    assert control.value == arguments[3]
    assert not control.slider.continuous_update


def test_a_slider_s_value_is_rid_of_rounding_errors():
    control = base.slider("x", 0.5, 0.0, 1.0, 0.1)
    control.slider.value = 0.1 + 0.2
    assert control.value == 0.3


def test_a_logarithmic_slider_of_whole_numbers_gives_whole_numbers():
    control = base.slider("n", 100, 10, 1000, 0.25, log=True)
    control.slider.value = 22.387
    assert control.value == 22
    assert isinstance(control.value, int)
    control.box.value = 1000
    assert control.slider.value == pytest.approx(1000)


def test_a_menu_with_long_names_is_wide_enough_for_them():
    short, long = base.menu("Method", ["Median"]), base.menu("Train on", ["half brain, half histology"])
    assert (short.layout.width, long.layout.width) == ("167px", "346px")


def test_a_menu_takes_names_or_values_by_name():
    assert base.menu("M", ["x", "y"]).value == "x"
    assert base.menu("M", {"ex": 1, "why": 2}, 2).value == 2


# ---- every lab


def make(kind, cohort, autoencoders):
    images = cohort if kind != "noise" else {"a": cohort, "b": cohort.images}
    return {
        "noise": lambda: widgets.noise_lab(images),
        "metric": lambda: widgets.metric_lab(images),
        "weights": lambda: widgets.weights_lab(images),
        "code": lambda: widgets.code_lab(images, autoencoders, plane=halves(autoencoders[2])),
        "denoise": lambda: widgets.denoise_lab(images),
        "lesion": lambda: widgets.lesion_lab(images),
        "dose": lambda: widgets.dose_lab(images),
        "posterior": lambda: widgets.posterior_lab({"network": one_number()}),
        "samples": lambda: widgets.samples_lab(images),
    }[kind]()


def one_number(gives=1):
    """A network from one number to one, untrained."""
    keras = models.keras
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(gives, kernel_initializer="ones")])


IMAGE_KINDS = ("noise", "metric", "weights", "code", "denoise", "lesion", "dose")
IMAGE_KINDS = ("noise", "metric", "weights", "code", "denoise", "lesion", "samples")
lab_kinds = pytest.mark.parametrize("kind", [*IMAGE_KINDS, "posterior"])


def change(lab, name, rng):
    """Give a control another value of its range, as a reader would."""
    control = lab.controls[name]
    if isinstance(control, base.Slider):
        before, low, high = control.value, control.box.min, control.box.max
        while control.value == before:
            control.box.value = type(control.box.value)(round(rng.uniform(low, high), 2))
    elif isinstance(control, ipywidgets.Dropdown):
        control.index = (control.index + int(rng.integers(1, len(control.options)))) % len(control.options)
    elif isinstance(control, ipywidgets.Button):
        control.click()
    else:
        control.value = not control.value


@lab_kinds
def test_every_control_of_a_lab_changes_what_is_shown(kind, cohort, autoencoders):
    lab = make(kind, cohort, autoencoders)
    assert lab.message.value == ""
    assert repr(lab) == f"An interactive {kind} lab: run this notebook to use it."
    assert formatted(lab)[1]["image/png"]["alt"].startswith(f"{kind.capitalize()} lab (")
    rng = np.random.default_rng(0)
    for name in lab.controls:
        if name == "cohort":
            continue  # twice the same images here
        if kind == "noise" and " " in name:
            lab.controls["model"].value = name.split(" ")[0]
        lab.wait()
        before = lab.picture.value, lab.text.value
        change(lab, name, rng)
        lab.wait()
        if name == "same":
            lab.controls[name].value = True  # it has a test of its own
            continue
        assert (lab.picture.value, lab.text.value) != before, name
        assert lab.message.value == "", name


@lab_kinds
def test_a_lab_s_ends_of_range_are_all_drawn(kind, cohort, autoencoders):
    lab = make(kind, cohort, autoencoders)
    for name, control in lab.controls.items():
        if isinstance(control, base.Slider):
            if kind == "noise" and " " in name:
                lab.controls["model"].value = name.split(" ")[0]
            start = control.value
            for end in (control.box.min, control.box.max):
                control.box.value = end
                lab.wait()
                assert lab.message.value == "", (name, end)
            control.box.value = start


@lab_kinds
def test_every_control_has_a_visible_label(kind, cohort, autoencoders):
    for control in make(kind, cohort, autoencoders).controls.values():
        labelled = control.box if isinstance(control, base.Slider) else control
        assert labelled.description


@lab_kinds
def test_a_lab_s_picture_is_always_equally_large(kind, cohort, autoencoders):
    lab = make(kind, cohort, autoencoders)
    sizes = {_size(bytes(lab.picture.value))}
    rng = np.random.default_rng(1)
    for name in lab.controls:
        change(lab, name, rng)
        lab.wait()
        sizes.add(_size(bytes(lab.picture.value)))
    width, height = sizes.pop()
    assert not sizes
    assert (width, height) == (base.WIDTH * 1.5, float(lab.picture.height) * 1.5)


def _size(png):
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


@lab_kinds
def test_a_lab_s_picture_is_the_same_in_any_style(kind, cohort, autoencoders, style):
    plain = make(kind, cohort, autoencoders).picture.value
    style()
    lab = make(kind, cohort, autoencoders)
    lab.refresh()  # on the lab's own thread, too
    lab.wait()
    assert (lab.message.value, lab.picture.value) == ("", plain)
    assert rcParams["font.size"] == 30


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_a_lab_refuses_what_are_no_images(kind, autoencoders):
    make_lab = getattr(widgets, f"{kind}_lab")
    more = (autoencoders,) if kind == "code" else ()
    for wrong in (np.zeros((2, 64, 64), int), np.zeros((64, 64)), np.full((1, 64, 64), 2.0), np.zeros((1, 5, 5))):
        with pytest.raises(InputError):
            make_lab(wrong, *more)
    with pytest.raises(InputError, match="512"):
        make_lab(np.zeros((1, 520, 520)), *more)


def test_a_storm_of_changes_ends_at_the_last_setting_and_leaves_no_thread(cohort):
    lab = widgets.metric_lab(cohort)
    threads, memory, rng = threading.active_count(), _memory(), np.random.default_rng(0)
    drawn = []
    redraw = lab._redraw
    lab._redraw = lambda settings: (drawn.append(dict(settings)), redraw(settings))[1]
    names = list(lab.controls)
    for _ in range(500):
        change(lab, names[rng.integers(len(names))], rng)
        time.sleep(0.004)
    assert lab.wait()
    assert lab.message.value == ""
    assert drawn[-1] == lab.settings
    fresh = widgets.metric_lab(cohort)
    for name, control in fresh.controls.items():
        control.box.value = lab.controls[name].box.value
    fresh.wait()
    assert lab.picture.value == fresh.picture.value
    assert lab.text.value == fresh.text.value
    assert threading.active_count() == threads
    assert _memory() - memory < 50


def test_no_figure_waits_to_be_freed(cohort):
    figures = lambda: sum(type(thing) is Figure for thing in gc.get_objects())  # noqa: E731
    lab = widgets.noise_lab(cohort)
    lab.wait()
    gc.collect()
    before, rng = figures(), np.random.default_rng(0)
    for _ in range(5):
        change(lab, "gaussian p", rng)
        lab.wait()
    assert figures() == before
    assert gc.isenabled()


def _memory():
    """MB in use, where the system says so, without what waits to be used again."""
    if hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0


# ---- noise lab


@pytest.mark.parametrize("model", noise.NOISES)
def test_the_noise_lab_s_equation_holds_its_numbers(model):
    parameters = {key: 0.37 + 0.41 * i for i, key in enumerate(PARAMETERS[model])}
    text = equation(model, **parameters)
    for key, value in parameters.items():
        if model != "salt_and_pepper":  # there p is halved
            assert f"{value:g}" in text, key
    assert text.startswith("z =")


def test_the_mean_and_deviation_in_the_equation_are_those_of_the_noise(clean):
    for model, parameters, mean, deviation in (
        ("gaussian", {"p": 0.5, "mean": 0.4, "sigma": 2.0}, "mean 0.2,", "deviation 1"),
        ("poisson", {"p": 0.2, "lam": 4.0}, "mean 0.8,", "deviation 0.4"),
    ):
        text = equation(model, **parameters)
        assert mean in text
        assert text.endswith(deviation)
        case = noise_case(clean, model=model, **parameters)
        assert case["mean"] == pytest.approx(float(mean[5:-1]), abs=0.06)
        assert case["deviation"] == pytest.approx(float(deviation[10:]), rel=0.05)


@pytest.mark.parametrize("pixel", [(24, 40), (30, 30), (0, 63)])
@pytest.mark.parametrize("denoiser", ["gaussian", "median", "bilateral", "nl_means"])
def test_the_weights_of_a_pixel_make_what_the_denoiser_makes_of_it(clean, denoiser, pixel):
    case = weights_case(clean, pixel=pixel, denoiser=denoiser, strength=1, noise=0.1)
    assert case["weights"].sum() == pytest.approx(1)
    inside = min(*pixel, *np.subtract(63, pixel)) > 15  # at the rim the filters mirror the image, the weights do not
    made = np.clip((case["weights"] * case["noisy"]).sum(), 0, 1)
    assert made == pytest.approx(case["greys"][2], abs=0.002 if inside else 0.1)
    assert case["pixels"] == pytest.approx(1 / (case["weights"] ** 2).sum())


def test_the_weights_of_total_variation_say_where_its_answer_moves(clean):
    case, other = (
        weights_case(clean, pixel=pixel, denoiser="tv", strength=1, noise=0.1) for pixel in ((24, 40), (25, 41))
    )
    assert case["weights"].sum() == pytest.approx(1, abs=1e-6)
    assert case["weights"][25, 41] == pytest.approx(other["weights"][24, 40], abs=0.002)


def test_weights_of_an_unknown_denoiser_are_refused(clean):
    with pytest.raises(InputError, match="denoiser"):
        weights_case(clean, pixel=(9, 9), denoiser="wavelet", strength=1, noise=0.1)


def test_a_noise_case_is_the_package_s_noise_and_scores(clean):
    case = noise_case(clean, model="gaussian", rng=3, p=0.1, mean=0.0, sigma=1.0)
    noisy = noise.gaussian(clean[np.newaxis], p=0.1, sigma=1.0, rng=3)
    np.testing.assert_array_equal(case["noisy"], noisy[0])
    np.testing.assert_array_equal(case["difference"], noisy[0] - clean)
    row = score(clean[np.newaxis], noisy, data_range=1).iloc[0]
    assert (case["ssim"], case["psnr"]) == (row["ssim"], row["psnr"])
    assert case["ssim_2"] == score(clean[np.newaxis], noisy, data_range=2)["ssim"][0] > case["ssim"]


def test_a_share_of_half_the_pixels_is_told_as_a_quarter_each():
    assert "0.25 each" in equation("salt_and_pepper", p=0.5)


def test_the_noise_lab_shows_the_sliders_of_the_chosen_model_only(cohort):
    lab = widgets.noise_lab(cohort)
    for model in PARAMETERS:
        lab.controls["model"].value = model
        visible = {name for name, control in lab.controls.items() if control.layout.display != "none" and " " in name}
        assert visible == {f"{model} {key}" for key in PARAMETERS[model]}
    lab.wait()


def test_the_same_draw_stays_and_another_is_new_each_time(cohort):
    lab = widgets.noise_lab(cohort)
    first = lab.picture.value
    lab.refresh()
    lab.wait()
    assert lab.picture.value == first
    lab.controls["same"].value = False
    lab.wait()
    second = lab.picture.value
    assert second != first
    assert lab.controls["seed"].box.disabled
    lab.refresh()
    lab.wait()
    assert lab.picture.value != second


def test_the_noise_lab_switches_between_cohorts(cohort):
    lab = widgets.noise_lab({"brain": cohort, "black": np.zeros((2, 32, 32), np.float32)})
    assert lab.controls["image"].box.max == 1  # as many as each set has
    before = lab.text.value
    lab.controls["cohort"].value = "black"
    lab.wait()
    assert lab.text.value != before
    with pytest.raises(InputError, match="empty mapping"):
        widgets.noise_lab({})


def test_one_image_needs_no_slider(cohort):
    assert "image" not in widgets.noise_lab(cohort.images[:1]).controls


# ---- metric lab


def test_without_a_change_all_metrics_are_perfect(clean):
    case = metric_case(clean)
    np.testing.assert_allclose(case["changed"], clean, atol=1e-6)
    assert case["ssim"] == pytest.approx(1, abs=1e-6)
    assert case["mse"] < 1e-12
    assert case["parts"] == pytest.approx((1, 1, 1), abs=1e-6)


def test_each_change_does_what_its_name_says(clean):
    shifted = metric_case(clean, shift=3)["changed"]
    np.testing.assert_allclose(shifted[:, 3:], clean[:, :-3], atol=1e-6)
    np.testing.assert_allclose(shifted[:, :3], clean[:, :1].repeat(3, axis=1), atol=1e-6)
    np.testing.assert_allclose(metric_case(clean, shift=-3)["changed"][:, :-3], clean[:, 3:], atol=1e-6)
    flat = metric_case(clean, contrast=0)["changed"]
    np.testing.assert_allclose(flat, clean.mean(), atol=1e-6)
    assert metric_case(clean, contrast=2)["changed"].std() == pytest.approx(2 * clean.std(), rel=1e-4)
    assert metric_case(clean, noise=0.2)["error"].std() == pytest.approx(0.2, rel=0.05)
    assert metric_case(clean, blur=2)["changed"].std() < clean.std()
    dotted = metric_case(clean, dot=-0.3)["error"]
    assert np.unravel_index(np.argmin(dotted), dotted.shape) == dot_centre(clean.shape)
    assert (np.abs(dotted) > 1e-6).mean() < 0.01


def test_the_metric_lab_s_scores_are_the_package_s_and_its_parts_multiply_to_ssim(clean):
    case = metric_case(clean, blur=1.0, noise=0.1)
    row = score(clean[np.newaxis], case["changed"][np.newaxis], data_range=1).iloc[0]
    assert (case["ssim"], case["psnr"]) == (row["ssim"], row["psnr"])
    assert case["mse"] == pytest.approx(row["mse"])
    assert case["ssim_map"][3:-3, 3:-3].mean() == pytest.approx(case["ssim"], abs=1e-6)
    np.testing.assert_allclose(case["ssim_map"], case["luminance"] * case["contrast"] * case["structure"])


# ---- code lab


def test_code_cases_are_the_models_reconstructions(cohort, autoencoders):
    cases = code_cases(cohort.images, autoencoders)
    assert list(cases) == [2, 4, 16]
    made = training.denoise(autoencoders[16], cohort.images)
    np.testing.assert_array_equal(cases[16]["images"], made)
    np.testing.assert_array_equal(cases[16]["ssim"], score(cohort.images, made, data_range=1)["ssim"])


def test_the_code_lab_refuses_what_does_not_fit(cohort, autoencoders):
    for wrong in ({}, {0: autoencoders[4]}, {4: models.dense_autoencoder(32, code=4)}, {4: "a model"}):
        with pytest.raises(InputError):
            widgets.code_lab(cohort, wrong)


def test_a_place_on_the_map_is_decoded_and_the_image_itself_is_the_nearest(cohort, autoencoders):
    encoder, decoder = halves(autoencoders[2])
    plane = code_plane(cohort.images, encoder, decoder)
    made = training.denoise(autoencoders[2], cohort.images)
    for i, code in enumerate(plane.codes):
        np.testing.assert_allclose(plane.at(tuple(code)), made[i], atol=1e-6)
        assert plane.nearest(tuple(code)) == i
    assert (plane.low < plane.codes).all()
    assert (plane.codes < plane.high).all()


def test_the_map_s_sliders_begin_at_the_first_image_and_reach_all(cohort, autoencoders):
    plane = halves(autoencoders[2])
    lab = widgets.code_lab(cohort, autoencoders, plane=plane)
    codes = code_plane(cohort.images, *plane).codes
    for i, name in enumerate(("h1", "h2")):
        box = lab.controls[name].box
        assert box.value == pytest.approx(codes[0, i], rel=0.01)
        assert box.min < codes[:, i].min() < codes[:, i].max() < box.max
    assert "h1" not in widgets.code_lab(cohort, autoencoders).controls


def test_codes_that_are_all_alike_have_a_map_too(cohort, autoencoders):
    encoder, decoder = halves(models.dense_autoencoder(64, code=2))
    for layer in (encoder.layers[-1],):
        layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])
    lab = widgets.code_lab(cohort, autoencoders, plane=(encoder, decoder))
    assert lab.message.value == ""
    assert lab.controls["h1"].box.min < 0.5 < lab.controls["h1"].box.max


def test_halves_that_do_not_fit_are_refused(cohort, autoencoders):
    encoder, decoder = halves(autoencoders[2])
    for wrong in ((decoder, encoder), (encoder, autoencoders[2]), halves(autoencoders[4]), (encoder, "a decoder")):
        with pytest.raises(InputError, match="a code of two numbers"):
            widgets.code_lab(cohort, autoencoders, plane=wrong)


# ---- posterior lab
def test_the_weights_are_bayes_rule_and_their_average_errs_least():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(400_000) < 0.3, 0.8, 0.2)
    z = x + 0.3 * rng.standard_normal(x.shape)
    near = np.abs(z - 0.6) < 0.02  # all pixels that were measured so
    case = posterior_case(0.6, sigma=0.3, bright=0.3)
    assert case["weights"].sum() == pytest.approx(1)
    assert case["weights"][1] == pytest.approx((x[near] == 0.8).mean(), abs=0.02)
    assert case["average"] == pytest.approx(x[near].mean(), abs=0.01)
    assert case["error"] == pytest.approx(((x[near] - case["average"]) ** 2).mean(), abs=0.003)
    mse = {key: ((posterior_case(z, sigma=0.3, bright=0.3)[key] - x) ** 2).mean() for key in ("average", "nearest")}
    assert mse["average"] < mse["nearest"]


@pytest.mark.parametrize(("bright", "level"), [(0.0, 0.2), (1.0, 0.8)])
def test_what_never_occurs_has_no_weight(bright, level):
    case = posterior_case([-0.5, 0.5, 1.5], sigma=0.02, bright=bright)
    np.testing.assert_allclose(case["average"], level)
    np.testing.assert_array_equal(case["error"], 0)


def test_a_step_where_there_is_hardly_any_noise():
    case = posterior_case([0.45, 0.5, 0.55], sigma=0.02, bright=0.5)
    np.testing.assert_allclose(case["average"], [0.2, 0.5, 0.8], atol=1e-3)


def test_the_posterior_lab_says_where_networks_landed(cohort):
    network = one_number()
    network.set_weights([np.array([[0.5]]), np.array([0.1])])
    lab = widgets.posterior_lab({"half <as much>": network}, sigma=0.2)
    assert lab.settings == {"measured": 0.6, "sigma": 0.2, "bright": 0.5}
    assert "half &lt;as much&gt;" in lab.text.value
    assert "0.400" in lab.text.value
    assert widgets.posterior_lab().picture.value != lab.picture.value


def test_the_posterior_lab_refuses_what_does_not_fit(autoencoders):
    for wrong in ({"images": autoencoders[4]}, {"two": one_number(2)}, dict.fromkeys("abcd", one_number())):
        with pytest.raises(InputError):
            widgets.posterior_lab(wrong)
    for sigma in (0.0, 2.0, "much"):
        with pytest.raises(InputError, match="sigma"):
            widgets.posterior_lab(sigma=sigma)


# ---- denoise lab


def test_every_noise_has_a_slider_and_tuned_baselines():
    assert {*LEVELS} == {*noise.NOISES} == {*weights.baselines()}
    for model, level in LEVELS.items():
        corruption(model, level.range.low)
        corruption(model, level.range.high)
        for tuned in weights.baselines()[model].values():
            assert {*tuned} == {*CLASSICAL.values()}


@pytest.mark.parametrize("model", LEVELS)
@pytest.mark.parametrize("method", [name for name in CLASSICAL.values() if name != "bm3d"])
def test_a_tuned_method_is_no_worse_than_the_noisy_image(model, method, cohort):
    level = LEVELS[model]
    corrupt = corruption(model, level.range.value)
    noisy = corrupt(cohort.images, rng=0)
    made = classical(method, noise=model, level=level.range.value, images=cohort.images)(noisy)
    before, after = (score(cohort.images, each, data_range=1)["ssim"].mean() for each in (noisy, made))
    assert after > before - 0.02


def test_the_mean_of_the_noise_is_subtracted(cohort):
    noisy = corruption("poisson", 0.1)(cohort.images, rng=0)
    assert noisy.mean() - cohort.images.mean() == pytest.approx(0.5, abs=0.02)
    made = classical("tv", noise="poisson", level=0.1, images=cohort.images)(noisy)
    assert made.mean() - cohort.images.mean() == pytest.approx(0, abs=0.1)


def test_tuned_parameters_are_near_those_tuned_on_the_spot():
    images = datasets.load("brain", n=8, seed=5).images
    corrupt = corruption("gaussian", 0.3)
    noisy = corrupt(images, rng=0)
    here = denoisers.denoise("tv", noisy, **denoisers.tune("tv", noisy, images))
    stored = classical("tv", noise="gaussian", level=0.3, images=images)(noisy)
    here, stored = (score(images, each, data_range=1)["ssim"].mean() for each in (here, stored))
    assert stored > here - 0.02


def test_a_denoise_case_holds_one_noisy_image_denoised(clean):
    corrupt = corruption("gaussian", 0.2)
    case = denoise_case(clean, corrupt=corrupt, denoiser=lambda noisy: noisy / 2, seed=4)
    np.testing.assert_array_equal(case["noisy"], corrupt(clean[np.newaxis], rng=4)[0])
    np.testing.assert_array_equal(case["error"], case["noisy"] / 2 - clean)
    assert case["before"] == panels.ssim_psnr(clean, case["noisy"])
    assert case["after"] == panels.ssim_psnr(clean, case["denoised"])


def test_the_denoise_lab_keeps_the_scores_of_one_draw(cohort):
    lab = widgets.denoise_lab(cohort)
    assert lab.controls["method"].value == "Median"
    lab.controls["method"].value = SHIPPED
    lab.wait()
    assert "Median" in lab.text.value
    assert SHIPPED in lab.text.value
    lab.controls["seed"].box.value = 1
    lab.wait()
    assert "Median" not in lab.text.value


def test_the_denoise_lab_takes_one_s_own_networks(cohort):
    network = models.cnn_dae(64)
    lab = widgets.denoise_lab(cohort, {"mine": network}, noise="poisson")
    assert lab.controls["method"].options[-1] == "mine"
    lab.controls["method"].value = "mine"
    lab.wait()
    assert lab.message.value == ""


@pytest.mark.parametrize(
    ("networks", "model"),
    [({"small": models.cnn_dae(32)}, "gaussian"), ({"Median": models.cnn_dae(64)}, "gaussian"), (None, "fog")],
)
def test_the_denoise_lab_refuses_what_does_not_fit(networks, model, cohort):
    with pytest.raises(InputError):
        widgets.denoise_lab(cohort, networks, noise=model)


def test_the_shipped_network_wants_square_images():
    with pytest.raises(InputError, match="square"):
        widgets.denoise_lab(np.zeros((1, 64, 60), np.float32))
    widgets.denoise_lab(np.zeros((1, 64, 60), np.float32), {})  # classical methods do not mind


# ---- lesion lab


def test_a_denoiser_that_does_nothing_keeps_the_whole_lesion(clean):
    centre = (30, 36)
    case = lesion_case(clean, denoiser=lambda noisy: noisy, centre=centre, radius=3, contrast=-0.2, noise=0.1)
    put_in = lesions.insert(clean[np.newaxis], centre=centre, radius=3, contrast=-0.2)[0] - clean
    np.testing.assert_allclose(case["put_in"], put_in)
    np.testing.assert_allclose(case["came_out"], put_in, atol=1e-6)
    assert case["kept"] == pytest.approx(1, abs=1e-4)
    assert case["elsewhere"] < 1e-6
    np.testing.assert_array_equal(case["noisy"][0], noise.gaussian(clean[np.newaxis], p=1, sigma=0.1, rng=0)[0])


def test_a_denoiser_that_knows_one_image_only_erases_the_lesion(clean):
    case = lesion_case(
        clean, denoiser=lambda noisy: np.stack([clean] * 2), centre=(30, 36), radius=3, contrast=0.3, noise=0.1
    )
    assert case["kept"] == 0
    assert case["invented"] == 0


def test_what_a_denoiser_invents_is_measured_without_a_lesion(clean):
    case = lesion_case(
        clean, denoiser=lambda noisy: np.stack([clean + 0.1] * 2), centre=(30, 36), radius=3, contrast=0, noise=0.1
    )
    assert case["invented"] == pytest.approx(0.1)
    assert np.isnan(case["kept"])


def test_the_lesion_lab_takes_one_s_own_network(cohort):
    assert widgets.lesion_lab(cohort, models.cnn_dae(64)).message.value == ""
    with pytest.raises(InputError):
        widgets.lesion_lab(cohort, models.cnn_dae(32))


# ---- what ships


def test_the_shipped_network_scores_what_it_is_said_to():
    stored = weights.scores()
    images = datasets.load("brain", n=12, seed=2017).images
    assert stored["test"].startswith("brain, seed=2017")
    model = weights.load()
    for sigma, said in stored["ssim"].items():
        noisy = noise.gaussian(images, p=1, sigma=float(sigma), rng=0)
        ssim = score(images, training.denoise(model, noisy), data_range=1)["ssim"].mean()
        assert ssim == pytest.approx(said["network"], abs=0.03)  # over 12 of the 50 images
        assert ssim > said["tv"] > said["noisy"]


def test_the_shipped_network_is_small_and_holds_numbers_only():
    files = {path.name: path for path in weights.FOLDER.iterdir() if path.suffix in (".npz", ".json")}
    assert {*files} == {"cnn_dae_brain.npz", "cnn_dae_brain.json", "baselines.json"}
    assert sum(path.stat().st_size for path in files.values()) < 1.5e6
    with np.load(files["cnn_dae_brain.npz"], allow_pickle=False) as arrays:
        assert {array.dtype for array in arrays.values()} == {np.dtype("float16")}


def test_the_shipped_network_takes_other_sizes():
    assert weights.load(32).input_shape == (None, 32, 32)
    with pytest.raises(InputError):
        weights.load(30)


# ---- dose lab


def test_the_dose_lab_s_noise_grows_as_the_dose_falls_and_scans_differ_by_the_lesion(clean):
    cases = [
        dose_case(clean, denoiser=lambda scans: scans, share=share, window="hann", contrast=0.2, seed=1)
        for share in (1, 0.1, 0.01)
    ]
    first, second, third = (case["deviation"] for case in cases)
    assert second / first == pytest.approx(10**0.5, rel=0.1)
    assert third / second == pytest.approx(10**0.5, rel=0.1)
    assert all(case["neighbours"] > 0.5 for case in cases)
    assert cases[0]["put_in"] == pytest.approx(0.13, abs=0.03)  # a lesion of 0.2 is blurred by the filter
    assert cases[0]["came_out"] == pytest.approx(cases[0]["put_in"], abs=0.02)
    scores = [case["scores"] for case in cases]
    assert [before for before, _ in scores] == [after for _, after in scores]  # a denoiser that does nothing
    assert scores[0][0][1] > scores[1][0][1] > scores[2][0][1]
    assert FULL == 100_000
    assert lesion_centre((64, 64)) == (29, 40)


def test_the_dose_lab_takes_a_network_and_square_images_only(cohort):
    network = models.cnn_dae(64, seed=0)
    lab = widgets.dose_lab(cohort, network)
    assert "Network" in lab.text.value
    assert "TV" in widgets.dose_lab(cohort).text.value
    with pytest.raises(InputError, match="square"):
        widgets.dose_lab(cohort.images[:, :32])
    with pytest.raises(InputError, match="64"):
        widgets.dose_lab(cohort, models.cnn_dae(32, seed=0))


# ---- samples lab


def test_a_sample_is_one_of_the_world_as_often_as_its_weight_says():
    world = np.random.default_rng(0).uniform(0, 1, (4, 8, 8)).astype(np.float32)
    case = samples_case(world[0], world, noise=1.5, count=50)
    distance = ((case["noisy"] - world.astype(float)) ** 2).sum(axis=(1, 2))
    weights = np.exp(-(distance - distance.min()) / (2 * 1.5**2))
    np.testing.assert_allclose(case["weights"], weights / weights.sum(), rtol=1e-6)
    np.testing.assert_allclose(case["average"], np.tensordot(case["weights"], world, 1), rtol=1e-5)
    many = samples_case(world[0], world, noise=1.5, count=20_000)
    often = [np.mean([np.array_equal(s, x) for s in many["samples"]]) for x in world]
    np.testing.assert_allclose(often, case["weights"], atol=0.015)
    np.testing.assert_array_equal(many["samples"][:50], case["samples"])
    variance = np.mean((many["samples"] - case["average"]) ** 2)
    assert case["predicted"] == pytest.approx(np.sqrt(variance), rel=0.03)


def test_the_samples_lab_draws_one_more_and_scans_others(cohort):
    lab = widgets.samples_lab(cohort.images[:2], cohort.images[2:])
    before = lab.picture.value
    lab.controls["another"].click()
    assert lab.wait()
    assert lab.settings["count"] == 2
    assert lab.picture.value != before
    lab.controls["noise"].box.value = 0.5
    assert lab.wait()
    assert "nothing is uncertain" in lab.text.value
    lab.controls["scanned"].value = "somebody else"
    assert lab.wait()
    assert "nothing is uncertain" not in lab.text.value
    assert "scanned" not in widgets.samples_lab(cohort.images[:2]).controls


def test_the_samples_lab_refuses_what_does_not_fit(cohort):
    with pytest.raises(InputError, match="a world of at least two images"):
        widgets.samples_lab(cohort.images[:1])
    with pytest.raises(InputError, match="Expected others of shape"):
        widgets.samples_lab(cohort.images, cohort.images[:, :40])
