"""Pictures: fixed scales, captions, and that Jupyter shows them without pyplot."""

from __future__ import annotations

import struct
import subprocess
import sys
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from skimage.color import rgb2lab

from cdae_lessons import metrics, noise, plotting
from cdae_lessons.errors import InputError
from cdae_lessons.plotting.curves import apart

CLEAN = np.random.default_rng(0).random((5, 12, 16), dtype=np.float32)
NOISY = noise.gaussian(CLEAN, p=1, rng=0)
TABLE = pd.DataFrame(
    {"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "val_loss": [3.5, np.nan, 2], "val_ssim": [0.1, 0.2, 0.3]}
)

METHODS = {"noisy input": NOISY, "gaussian": 0.9 * CLEAN, "Median 3x3": 0.5 * CLEAN, "CNN DAE": 0.95 * CLEAN}
SCORES = metrics.compare(CLEAN, METHODS, data_range=1)


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


@pytest.mark.parametrize(("columns", "least"), [(1, 3), (4, 3), (6, 2), (10, 1)])
def test_a_pixel_of_64_is_three_of_the_page_while_the_figure_fits_a_notebook(columns, least):
    figure = plotting.show({str(i): np.zeros((2, 64, 64), np.float32) for i in range(columns)}, rows=2)
    figure.draw_without_rendering()
    assert min(ax.get_window_extent().width for ax in panels(figure)) >= 64 * least
    assert figure.get_figwidth() <= 9.6


def test_show_wraps_single_images_with_their_titles_and_scores():
    columns = {"clean": CLEAN, **{f"noisy {i}": NOISY for i in range(4)}}
    figure = plotting.show(columns, clean=CLEAN, wrap=3)
    drawn = panels(figure)
    assert [ax.get_title() for ax in drawn] == [*columns]
    assert [bool(ax.get_xlabel()) for ax in drawn] == [False, True, True, True, True]
    places = [ax.get_subplotspec() for ax in drawn]
    assert [(place.rowspan.start, place.colspan.start) for place in places] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert figure.get_figwidth() == plotting.show({str(i): CLEAN for i in range(3)}).get_figwidth()
    assert len(panels(plotting.show({"clean": CLEAN}, wrap=3))) == 1


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


def test_thumbnails_lie_where_they_belong_and_do_not_touch():
    _, axes = plotting.subplots()
    ax = axes[0, 0]
    ax.set(xlim=(0, 10), ylim=(-1, 1))
    places = np.array([[2, 0.5], [2.1, 0.5], [8, -0.5], [8, 0.5], [5, 0]])
    assert plotting.thumbnails(ax, places, CLEAN, side=0.2) == [0, 2, 3, 4]
    drawn = [image.get_extent() for image in ax.images]
    middles = [((left + right) / 2, (bottom + top) / 2) for left, right, bottom, top in drawn]
    np.testing.assert_allclose(middles, places[[0, 2, 3, 4]])
    np.testing.assert_array_equal(ax.images[1].get_array(), CLEAN[2])
    corners = ax.transData.transform([(drawn[0][0], drawn[0][2]), (drawn[0][1], drawn[0][3])])
    assert np.ptp(corners[:, 0]) == pytest.approx(np.ptp(corners[:, 1]))  # a square on the page
    assert np.ptp(corners[:, 1]) == pytest.approx(0.2 * ax.get_window_extent().height)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 10), (-1, 1))


def test_thumbnails_need_a_place_each():
    ax = plotting.subplots()[1][0, 0]
    with pytest.raises(InputError, match="a place"):
        plotting.thumbnails(ax, np.zeros((4, 2)), CLEAN)
    with pytest.raises(InputError, match="side"):
        plotting.thumbnails(ax, np.zeros((5, 2)), CLEAN, side=0)


def test_curves_tell_runs_and_sets_apart_without_colour():
    figure = plotting.curves({"paper": SimpleNamespace(table=TABLE), "fast": TABLE})
    losses, ssims = figure.axes
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["training", "validation"]
    for ax in figure.axes:
        assert {text.get_text() for text in ax.texts} == {"paper", "fast"}
    assert [line.get_linestyle() for line in losses.lines] == ["-", "--"] * 2
    assert losses.lines[0].get_marker() != losses.lines[2].get_marker()
    np.testing.assert_array_equal(losses.lines[1].get_xdata(), [1, 3])
    np.testing.assert_array_equal(ssims.lines[0].get_ydata(), TABLE["val_ssim"])


def test_curves_without_validation_are_one_panel():
    (losses,) = plotting.curves({"paper": TABLE[["epoch", "loss"]]}).axes
    assert len(losses.lines) == 1
    assert losses.get_legend() is None
    assert [text.get_text() for text in losses.texts] == ["paper"]


def figures() -> dict[str, plotting.Figure]:
    return {
        "show": plotting.show({"clean": CLEAN, "noisy": NOISY}, clean=CLEAN, caption="A caption"),
        "error_map": plotting.error_map(CLEAN, {"noisy": NOISY}, caption="A caption"),
        "curves": plotting.curves({"paper": TABLE}, caption="A caption"),
        "scores": plotting.scores(SCORES, caption="A caption"),
        "subplots": plotting.subplots(caption="A caption")[0],
    }


@pytest.mark.parametrize("name", ["show", "error_map", "curves", "scores", "subplots"])
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
    assert metadata["image/png"] == {"alt": "A caption", "width": round(width / 2), "height": round(height / 2)}
    assert width == pytest.approx(2 * struct.unpack(">I", plotting.png(figure)[16:20])[0], abs=2)


def test_without_a_caption_the_alternative_text_names_what_is_shown():
    assert plotting.show({"clean": CLEAN, "noisy": NOISY}).get_label() == "Images in columns: clean, noisy."
    assert "noisy" in plotting.error_map(CLEAN, {"noisy": NOISY}).get_label()
    assert plotting.curves({"paper": TABLE}).get_label() == "Curves of loss and ssim by epoch: paper."


# ---- one look a method


def luminance(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def test_every_colour_is_seen_on_white_and_on_a_dark_page():
    dark = luminance("#111111")
    for name, colour in plotting.COLOURS.items():
        assert 1.05 / (luminance(colour) + 0.05) >= 3, name
        assert (luminance(colour) + 0.05) / (dark + 0.05) >= 3, name


def test_colours_that_meet_differ_for_the_colour_blind_too():
    blind = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
    names = [name for name in plotting.COLOURS if name not in ("pca", "stacked")]  # as bilateral, as stacked_dense
    rgb = np.array([to_rgb(plotting.COLOURS[name]) for name in names])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ blind.T, 0, 1)  # Machado et al. 2009, deuteranopia
    for colours in (linear, seen):
        lab = rgb2lab(np.where(colours <= 0.0031308, 12.92 * colours, 1.055 * colours ** (1 / 2.4) - 0.055))
        for i, j in combinations(range(len(names)), 2):
            assert np.linalg.norm(lab[i] - lab[j]) > 10, (names[i], names[j])


def test_a_label_has_the_colour_of_its_method():
    names = ["Noisy input", "Gaussian filter", "Total variation", "U-Net, 400 steps", "stacked_conv_layerwise", "tv"]
    found = plotting.looks(names)
    keys = ["noisy", "gaussian", "tv", "unet", "stacked_conv"]
    assert [look["color"] for look in found.values()][:5] == [plotting.COLOURS[key] for key in keys]
    assert [look["linestyle"] for look in found.values()] == [":", ":", ":", "-", "-", ":"]
    assert len({look["marker"] for look in found.values()}) == len(names)
    assert found["tv"]["color"] != plotting.COLOURS["tv"]  # the second of this method is paler


def test_labels_that_name_no_method_take_colours_that_are_left():
    found = plotting.looks(["mine", "U-Net", "theirs", "CNN DAE"])
    assert len({look["color"] for look in found.values()}) == 4
    assert all(look["linestyle"] == "-" for look in found.values())
    assert len(plotting.looks(map(str, range(30)))) == 30


def boxes(figure, ax):
    figure.draw_without_rendering()
    return [Text.get_window_extent(text) for text in ax.texts]  # without the leader


def test_labels_at_line_ends_do_not_overlap_and_keep_the_order_of_the_ends():
    figure, axes = plotting.subplots()
    ends = {f"line {i}": end for i, end in enumerate([0.5, 0.51, 0.49, 0.505, 0.9, 0, 1])}
    for label, end in ends.items():
        axes[0, 0].plot([0, 1, 2], [0, end, np.nan], label=label)
    axes[0, 0].plot([0, 1], [1, 1])  # without a label
    axes[0, 0].errorbar([0, 1], [0.2, 0.3], yerr=0.1, label="bars")
    plotting.label_lines(axes[0, 0])
    places = boxes(figure, axes[0, 0])
    texts = [text.get_text() for text in axes[0, 0].texts]
    assert texts == sorted(ends | {"bars": 0.3}, key=(ends | {"bars": 0.3}).get)
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(places))
    assert min(box.x0 for box in places) > axes[0, 0].get_window_extent().x1


def test_labels_have_room_on_a_log_axis_and_in_a_figure_without_layout():
    figure = plotting.Figure(figsize=(4, 3))
    ax = figure.subplots()
    for end in (1, 1.1, 1000):
        ax.plot([1, 2], [1, end], label=f"{end}")
    ax.set_yscale("log")
    plotting.label_lines(ax)
    low, _, high = places = boxes(figure, ax)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(places))
    assert high.y0 - low.y1 > 0.5 * ax.get_window_extent().height


def test_places_move_no_farther_than_they_must():
    np.testing.assert_allclose(apart([0.2, 0.8], 0.1), [0.2, 0.8])
    np.testing.assert_allclose(apart([0.5, 0.5, 0.9], 0.1), [0.45, 0.55, 0.9])
    np.testing.assert_allclose(apart([0, 0, 1, 1], 0.1), [0, 0.1, 0.9, 1])  # not beyond the ends
    np.testing.assert_allclose(apart([0.5, 0.5, 0.58], 0.1), np.add(np.mean([0.5, 0.5, 0.58]), [-0.1, 0, 0.1]))


def test_scores_stand_in_order_with_noisy_input_and_best_rival_marked():
    figure = plotting.scores(SCORES)
    ssim, psnr = figure.axes
    order = SCORES["ssim"].sort_values()
    names = [text.get_text().removesuffix(" (best rival)") for text in ssim.get_yticklabels()]
    assert names == list(order.index)
    assert [text.get_text() for text in ssim.texts] == [f"{value:.3f}" for value in order]
    assert [text.get_text() for text in psnr.texts] == [f"{value:.1f}" for value in SCORES["psnr"][order.index]]
    (rival,) = [text.get_text() for text in ssim.get_yticklabels() if "best rival" in text.get_text()]
    assert rival == "gaussian (best rival)"  # above the median, below the network
    for ax, metric in ((ssim, "ssim"), (psnr, "psnr")):
        dashed = {line.get_color(): line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"}
        assert dashed == {
            plotting.COLOURS["noisy"]: SCORES.loc["noisy input", metric],
            plotting.COLOURS["gaussian"]: SCORES.loc["gaussian", metric],
        }
        drawn = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
        intervals = SCORES.loc[order.index, [f"{metric}_low", f"{metric}_high"]]
        np.testing.assert_array_equal([line.get_xdata() for line in drawn], intervals)
    assert "best first: CNN DAE, gaussian" in figure.get_label()


def test_scores_without_noisy_input_or_rivals_mark_nothing():
    figure = plotting.scores(SCORES.loc[["CNN DAE"]])
    assert not [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]


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
        (lambda: plotting.show({"a": CLEAN}, wrap=0), "wrap"),
        (lambda: plotting.show({"a": CLEAN}, vmin=1, vmax=1), "vmax to be a finite number > 1"),
        (lambda: plotting.show({"a": CLEAN}, vmin=np.nan), "vmin"),
        (lambda: plotting.error_map(CLEAN, {"a": CLEAN}, limit=0), "limit"),
        (lambda: plotting.error_map(CLEAN * 2, {"a": CLEAN}), "clean images with values in"),
        (lambda: plotting.curves({}), "at least one history"),
        (lambda: plotting.curves({"a": TABLE[["epoch"]]}), r"received \['a'\]"),
        (lambda: plotting.curves({"a": [1, 2]}), r"received \['a'\]"),
        (lambda: plotting.scores(SCORES[["ssim"]]), r"metrics.compare.*received columns \['ssim'\]"),
        (lambda: plotting.scores(SCORES[:0]), "a row a method"),
        (lambda: plotting.scores({"a": 1}), "received an object of type dict"),
        (lambda: plotting.label_lines(plotting.subplots()[1][0, 0]), r"with labels; received none\. Draw them"),
    ):
        with pytest.raises(InputError, match=message):
            call()


# ---- weights of one pixel


def test_weight_maps_share_one_scale_and_say_how_many_pixels_they_are_worth():
    even, single = np.zeros((12, 16)), np.zeros((12, 16))
    even[2:6, 3:7], single[4, 5] = 1 / 16, 1
    figure = plotting.weight_maps({"mean": even, "median": single}, pixel=(4, 5), noisy=NOISY[0], outline=CLEAN[0])
    drawn = panels(figure)
    assert [ax.get_title() for ax in drawn] == ["noisy", "mean", "median"]
    assert [ax.get_xlabel() for ax in drawn] == ["", "worth 16 pixels", "all on one pixel"]
    assert {ax.images[0].get_clim() for ax in drawn[1:]} == {(0.001, 1)}
    assert all(ax.lines[0].get_xydata().tolist() == [[5, 4]] for ax in drawn)
    assert figure.get_label() == "Weights of the pixel in row 4, column 5: mean, median."
    assert plotting.weight_maps({"mean": even}, pixel=(4, 5), caption="A mean.").get_label() == "A mean."


@pytest.mark.parametrize(
    ("maps", "pixel", "said"),
    [
        ({}, (0, 0), "at least one map"),
        ({"a": np.ones((4, 4)), "b": np.ones((4, 5))}, (0, 0), "all of one shape"),
        ({"a": np.ones((4, 4))}, (4, 0), "within 4x4"),
        ({"a": np.full((4, 4), np.nan)}, (0, 0), "map 'a'"),
    ],
)
def test_weight_maps_refuse_what_they_cannot_draw(maps, pixel, said):
    with pytest.raises(InputError, match=said):
        plotting.weight_maps(maps, pixel=pixel)
