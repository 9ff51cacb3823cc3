"""Every picture is the same in whatever matplotlib style its user has chosen."""

import inspect
import pkgutil
from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context, rcParams, style

import cdae_lessons
from cdae_lessons import animation, checks, metrics, models, noise, plotting
from cdae_lessons.studies import figures, searching, summary

CLEAN = np.random.default_rng(0).random((2, 16, 16), dtype=np.float32)
NOISY = noise.gaussian(CLEAN, p=1, rng=0)
TABLE = pd.DataFrame(
    {"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "val_loss": [3.5, np.nan, 2], "val_ssim": [0.1, 0.2, 0.3]}
)
WEIGHTS = np.full((16, 16), 1 / 256)
METHODS = {"noisy input": NOISY, "gaussian": 0.9 * CLEAN, "CNN DAE": 0.95 * CLEAN, "CNN DAE, more": 0.96 * CLEAN}
TRIED = pd.DataFrame(
    [["encoder_decoder", 0.8, 3.0, 1000, True], ["encoder_decoder depth=3", 0.5, 5.0, 9000, False],
     ["encoder_decoder depth=1", 0.9, 2.0, 2000, True], ["unet", 0.7, 9.0, 5000, None]],
    columns=list(searching.COLUMNS),
)  # fmt: skip

HOSTILE = {
    "dark, TeX, upside down": lambda: (
        style.use("dark_background"),  # what VS Code does for a dark theme
        rcParams.update({"text.usetex": True, "image.origin": "lower", "image.cmap": "jet", "image.aspect": "auto"}),
    ),
    "large, sketched, blurred": lambda: (
        style.use(["ggplot", {"path.sketch": (1, 100, 2), "axes.prop_cycle": "cycler('color', 'ky')"}]),
        rcParams.update({"font.size": 30, "lines.linewidth": 9, "figure.dpi": 50, "savefig.dpi": 50}),
        rcParams.update({"image.interpolation": "bicubic", "savefig.transparent": True}),
    ),
}


def own():
    """A figure to which one adds what lessons and students add."""
    figure, axes = plotting.subplots(1, 3)
    left, middle, right = axes[0]
    left.plot([0, 1], [0, 1], label="cnn_dae, 5 %")
    left.plot([0, 1], [1, 0], label="tv")
    plotting.label_lines(left)
    middle.axhline(0.5)
    middle.text(0.1, 0.8, "100 % of a_b")
    middle.set_xticks([0, 0.5, 1], ["none", "half", "all"])
    middle.bar([0, 1], [0.2, 0.4], label="bars")
    middle.legend()
    middle.twinx().set_ylabel("dB")
    figure.colorbar(right.imshow(CLEAN[0]), ax=right).set_label("grey")
    right.annotate("here", (3, 3), (8, 8), arrowprops={"arrowstyle": "->"})
    for (name, look), place in zip(plotting.looks(["tv", "tv, paler"]).items(), (0.3, 0.6), strict=True):
        middle.plot([0, 1], [place, place], label=name, **look)
    figure.suptitle("What one draws oneself")
    return figure


def bare():
    """A figure of one's own, without `subplots`."""
    figure = plotting.Figure(figsize=(4, 3))
    figure.subplots().plot([1, 2], [3, 4])
    figure.text(0.1, 0.1, "50 %")
    return figure


def moving(time):
    figure, axes = plotting.subplots(width=2, height=2)
    axes[0, 0].axvline(time)
    axes[0, 0].set(xlim=(0, 1), title=f"{time} %")
    return figure


FIGURES = {
    "show": lambda: plotting.show({"clean": CLEAN, "noisy": NOISY}, clean=CLEAN, caption="5 % of a_b"),
    "error_map": lambda: plotting.error_map(CLEAN, {"noisy": NOISY}, caption="5 % of a_b"),
    "curves": lambda: plotting.curves({"CNN DAE": TABLE, "cnn_dae, too": TABLE}, caption="5 % of a_b"),
    "scores": lambda: plotting.scores(metrics.compare(CLEAN, METHODS, data_range=1), caption="5 % of a_b"),
    "architecture": lambda: plotting.architecture(models.unet(16, widths=(4,), seed=0), caption="5 % of a_b"),
    "receptive_field": lambda: plotting.receptive_field(models.conv_autoencoder(16, filters=(4,), seed=0), CLEAN[0]),
    "subplots": own,
    "Figure": bare,
    "sample_size": lambda: figures.sample_size(_stored()),
    "heat_map": lambda: figures.heat_map(_stored()),
    "cost": lambda: figures.cost(_stored()),
    "weight_maps": lambda: plotting.weight_maps({"gaussian": WEIGHTS}, pixel=(3, 4), noisy=NOISY[0], outline=CLEAN[0]),
    "riddle": checks.riddle,
    "pareto": lambda: searching.pareto({"brain, n=50": TRIED, "fundus, n=50": TRIED}),
}


@cache
def _stored():
    table = summary.stored("sample_size")
    return table[(table["dataset"] == table["dataset"].iloc[0]) & (table["noise"] == table["noise"].iloc[0])]


@cache
def plain(name):
    with plotting.plain():
        return shown(FIGURES[name]())


def shown(figure):
    return figure._repr_mimebundle_()[0]["image/png"]


@pytest.fixture(params=HOSTILE)
def hostile(request):
    """Call it to have one of the styles until the test ends."""
    with rc_context():
        yield HOSTILE[request.param]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_picture_in_any_style(name, hostile):
    made_before = FIGURES[name]()
    hostile()
    assert shown(FIGURES[name]()) == plain(name)  # made and shown in that style
    assert shown(made_before) == plain(name)  # shown in it


def test_an_animation_is_the_same_in_any_style(hostile):
    def made():
        still = animation.animate([CLEAN[0], CLEAN[1]], caption="5 % of a_b")
        return [still.png, animation.animate(moving, times=[0, 0.5, 1]).png]

    before = made()
    hostile()
    assert made() == before


def test_the_style_is_its_users_again_afterwards(hostile):
    hostile()
    before = dict(rcParams)
    for name in ("show", "subplots"):
        shown(FIGURES[name]())
    assert dict(rcParams) == before


def test_a_figure_that_is_matplotlibs_own_keeps_the_style_of_its_user():
    from matplotlib.figure import Figure

    with rc_context():
        style.use("dark_background")
        figure = Figure()
        ax = figure.subplots()
        ax.plot([0, 1], [0, 1], label="mine")
        plotting.label_lines(ax)
        assert figure.get_facecolor() == (0, 0, 0, 1)
        assert min(ax.texts[0].get_color()) > 0.5  # of a bright line, and nearer to white
        assert plotting.png(figure)[:4] == b"\x89PNG"


def test_a_plot_of_another_kind_can_be_had():
    assert plotting.Figure().add_subplot(projection="polar").name == "polar"


def test_every_function_that_returns_a_figure_is_tried_here():
    found = {"Figure"}
    for module in pkgutil.walk_packages(cdae_lessons.__path__, "cdae_lessons."):
        if module.name != "cdae_lessons.__main__":
            for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
                returns = str(function.__annotations__.get("return"))
                if not name.startswith("_") and ("plotting.Figure" in returns or "Figure" in returns.split("[")[-1]):
                    found.add(name)
    assert found == {*FIGURES}
