"""Pictures: fixed scales, captions, and that Jupyter shows them without pyplot."""

from __future__ import annotations

import struct
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib import rc_context, rcParams

from cdae_lessons import metrics, noise, plotting
from cdae_lessons.errors import InputError

CLEAN = np.random.default_rng(0).random((5, 12, 16), dtype=np.float32)
NOISY = noise.gaussian(CLEAN, p=1, rng=0)
TABLE = pd.DataFrame(
    {"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "val_loss": [3.5, np.nan, 2], "val_ssim": [0.1, 0.2, 0.3]}
)


def panels(figure: plotting.Figure) -> list:
    return [ax for ax in figure.axes if ax.images]


def test_show_draws_every_panel_on_the_same_grey_scale():
    figure = plotting.show({"clean": CLEAN, "dark": 0.1 * CLEAN, "noisy": NOISY}, rows=2)
    drawn = panels(figure)
    assert len(drawn) == 6
    assert {ax.images[0].get_clim() for ax in drawn} == {(0, 1)}
    assert {ax.images[0].get_cmap().name for ax in drawn} == {"gray"}
    assert [ax.get_title() for ax in drawn] == ["clean", "dark", "noisy", "", "", ""]
    np.testing.assert_array_equal(drawn[5].images[0].get_array(), NOISY[1])


def test_show_writes_the_scores_below_all_but_the_clean_images():
    drawn = panels(plotting.show({"clean": CLEAN, "noisy": NOISY}, clean=CLEAN, rows=2))
    first = metrics.score(CLEAN, NOISY, data_range=1).iloc[0]
    assert [ax.get_xlabel() for ax in drawn][:2] == ["", f"SSIM {first.ssim:.2f}, {first.psnr:.1f} dB"]
    assert not any(ax.get_xlabel() for ax in panels(plotting.show({"clean": CLEAN, "noisy": NOISY})))


def test_show_shows_no_more_rows_than_there_are_images():
    assert len(panels(plotting.show({"clean": CLEAN}, rows=100))) == 5


def test_error_map_is_signed_and_its_scale_fixed():
    figure = plotting.error_map(CLEAN, {"same": CLEAN, "noisy": NOISY}, limit=0.3, rows=2)
    drawn = panels(figure)[:4]
    assert {ax.images[0].get_clim() for ax in drawn} == {(-0.3, 0.3)}
    assert not drawn[0].images[0].get_array().any()
    np.testing.assert_allclose(drawn[1].images[0].get_array(), NOISY[0] - CLEAN[0], atol=1e-6)
    red, _, blue, _ = drawn[0].images[0].cmap(0.95)
    assert red > blue
    assert any(ax.get_ylabel() == "image − clean" for ax in figure.axes)


def test_curves_tell_runs_and_sets_apart_without_colour():
    figure = plotting.curves({"paper": SimpleNamespace(table=TABLE), "fast": TABLE})
    losses, ssims = figure.axes
    assert [t.get_text() for t in losses.get_legend().get_texts()] == [
        "paper, training", "paper, validation", "fast, training", "fast, validation",
    ]  # fmt: skip
    assert [line.get_linestyle() for line in losses.lines] == ["-", "--"] * 2
    assert losses.lines[0].get_marker() != losses.lines[2].get_marker()
    np.testing.assert_array_equal(losses.lines[1].get_xdata(), [1, 3])
    np.testing.assert_array_equal(ssims.lines[0].get_ydata(), TABLE["val_ssim"])


def test_curves_without_validation_are_one_panel():
    (losses,) = plotting.curves({"paper": TABLE[["epoch", "loss"]]}).axes
    assert len(losses.lines) == 1


def figures() -> dict[str, plotting.Figure]:
    return {
        "show": plotting.show({"clean": CLEAN, "noisy": NOISY}, clean=CLEAN, caption="A caption"),
        "error_map": plotting.error_map(CLEAN, {"noisy": NOISY}, caption="A caption"),
        "curves": plotting.curves({"paper": TABLE}, caption="A caption"),
        "subplots": plotting.subplots(caption="A caption")[0],
    }


@pytest.mark.parametrize("name", ["show", "error_map", "curves", "subplots"])
def test_jupyter_shows_the_figure_with_its_caption_as_alternative_text(name):
    figure = figures()[name]
    assert figure.get_supxlabel() == "A caption"
    assert figure.get_facecolor() == (1, 1, 1, 1)
    formatter = DisplayFormatter()
    formatter.active_types = ["text/plain", "image/png"]
    data, metadata = formatter.format(figure)
    assert data["text/plain"].startswith("<Figure size ")
    width, height = struct.unpack(">II", data["image/png"][16:24])
    assert width > 150
    assert height > 150
    assert metadata["image/png"] == {"alt": "A caption"}


def test_images_are_upright_and_sharp_in_the_user_s_style():
    with rc_context({"image.origin": "lower", "image.interpolation": "bicubic", "image.aspect": "auto"}):
        for figure in figures().values():
            for ax in panels(figure):
                image = ax.images[0]
                assert (image.origin, image.get_interpolation(), ax.get_aspect()) == ("upper", "nearest", 1)


def test_a_figure_is_in_the_user_s_style():
    with rc_context({"figure.facecolor": "black", "text.color": "white", "lines.linewidth": 7}):
        for figure in figures().values():
            assert figure.get_facecolor() == (0, 0, 0, 1)  # white text on a white figure would be invisible
        assert figures()["curves"].axes[0].lines[0].get_linewidth() == 7


def test_a_figure_made_plain_is_the_same_picture_in_any_style(style):
    @plotting.plain()
    def draw():
        return plotting.png(figures()["curves"])

    plain = draw()
    style()
    assert draw() == plain
    assert b"A caption" in plain
    assert rcParams["font.size"] == 30


def test_without_a_caption_the_alternative_text_names_what_is_shown():
    assert plotting.show({"clean": CLEAN, "noisy": NOISY}).get_label() == "Images in columns: clean, noisy."
    assert "noisy" in plotting.error_map(CLEAN, {"noisy": NOISY}).get_label()
    assert plotting.curves({"paper": TABLE}).get_label() == "Curves of loss and ssim by epoch: paper."


def test_drawing_leaves_pyplot_alone():
    code = "import sys, numpy as np\nfrom cdae_lessons import plotting\n"
    code += (
        "plotting.show({'a': np.zeros((1, 8, 8))})._repr_mimebundle_()\nassert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_mistakes_are_explained():
    for call, message in (
        (lambda: plotting.show({}), "at least one set of images"),
        (lambda: plotting.show({"a": CLEAN, "b": CLEAN[:2]}), r"all of one shape; received \{'a': \(5, 12, 16\), 'b'"),
        (lambda: plotting.show({"a": CLEAN}, clean=CLEAN[:2]), r"clean images of shape \(2, 12, 16\)"),
        (lambda: plotting.show({"a": CLEAN[0]}), "images 'a' of shape"),
        (lambda: plotting.show({"a": CLEAN}, rows=0), "rows"),
        (lambda: plotting.show({"a": CLEAN}, vmin=1, vmax=1), "vmax to be a finite number > 1"),
        (lambda: plotting.show({"a": CLEAN}, vmin=np.nan), "vmin"),
        (lambda: plotting.error_map(CLEAN, {"a": CLEAN}, limit=0), "limit"),
        (lambda: plotting.error_map(CLEAN * 2, {"a": CLEAN}), "clean images with values in"),
        (lambda: plotting.curves({}), "at least one history"),
        (lambda: plotting.curves({"a": TABLE[["epoch"]]}), r"received \['a'\]"),
        (lambda: plotting.curves({"a": [1, 2]}), r"received \['a'\]"),
    ):
        with pytest.raises(InputError, match=message):
            call()
