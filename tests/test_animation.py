"""Animated PNGs: what they hold, how they end, and what they refuse."""

import io

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image, ImageSequence

from cdae_lessons import animation, plotting
from cdae_lessons.animation import LARGEST, animate
from cdae_lessons.errors import InputError

STEPS = [np.full((8, 8), value, np.float32) for value in (0, 0.2, 0.6, 1)]
STILL = np.random.default_rng(0).random((16, 16), dtype=np.float32)


def frames(made):
    """The frames that are played, as RGB arrays; and what is shown where nothing moves."""
    file = Image.open(io.BytesIO(made.png))
    assert file.default_image
    still, *played = (np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(file))
    return played, still


def durations(made):
    file = Image.open(io.BytesIO(made.png))
    return [frame.info.get("duration") for frame in ImageSequence.Iterator(file)][1:]


def dot(time):
    """A figure with a red dot that moves to the right."""
    figure, axes = plotting.subplots(width=2, height=2)
    axes[0, 0].plot(time, 0.5, "o", color=plotting.COLOURS["tv"])
    axes[0, 0].set(xlim=(-1, 2), ylim=(0, 1), title="a dot")
    figure.set_label(f"The dot is at {time:g}.")
    return figure


def test_images_become_frames_in_their_order_and_grey_levels():
    played, _ = frames(animate(STEPS))
    assert [int(frame[0, 0, 0]) for frame in played] == pytest.approx([0, 51, 153, 255], abs=3)
    assert played[0].shape == (512, 512, 3)  # 256 pixels of the page, twofold
    assert len(np.unique(played[3])) == 1


def test_what_is_shown_where_nothing_moves_is_the_last_frame():
    made = animate(STEPS)
    played, still = frames(made)
    np.testing.assert_array_equal(still, played[-1])
    assert not np.array_equal(still, played[0])


@pytest.mark.parametrize("plays", [1, 3])
def test_it_is_played_as_often_as_said_and_rests_before_it_begins_again(plays):
    made = animate(STEPS, duration=0.25, plays=plays)
    assert Image.open(io.BytesIO(made.png)).info["loop"] == plays
    assert durations(made) == [250, 250, 250, 250 + 1500 * (plays > 1)]
    assert made.seconds == plays * 1 + (plays - 1) * 1.5


def test_a_function_of_time_is_drawn_at_each_of_the_times():
    made = animate(dot, times=(0, 0.5, 1))
    played, still = frames(made)
    red = [np.flatnonzero((frame[..., 0].astype(int) - frame[..., 1] > 100).any(axis=0)).mean() for frame in played]
    assert red[0] < red[1] < red[2]
    assert red[1] == pytest.approx((red[0] + red[2]) / 2, abs=2)
    assert made.alt == "The dot is at 1."
    assert (still[0, 0] == 255).all()  # the paper is white, and the frame black, whatever the palette
    assert still.sum(axis=2).min() == 0


def test_frames_may_come_one_by_one_and_in_colour():
    made = animate(np.dstack([step, 0 * step, 0 * step]) for step in STEPS)
    played, _ = frames(made)
    assert (played[-1][0, 0] == (255, 0, 0)).all()
    assert made.alt == ""


def test_the_same_figure_may_be_changed_from_frame_to_frame():
    figure, axes = plotting.subplots(width=2, height=2)

    def draw(level):
        axes[0, 0].set_facecolor(str(level))
        return figure

    played, _ = frames(animate(draw, times=(0.2, 0.5, 0.9)))
    middle = [int(frame[200, 200, 0]) for frame in played]
    assert middle == pytest.approx([51, 128, 230], abs=3)


def test_jupyter_shows_it_with_its_caption_below_and_as_alternative_text():
    made = animate(STEPS, caption="From black to white, and it ends on white.")
    formatter = DisplayFormatter()
    formatter.active_types = ["text/plain", "image/png"]
    data, metadata = formatter.format(made)
    assert data["image/png"] == made.png
    assert data["text/plain"] == "<Animation of 4 frames, 0.4 s>"  # the same on every machine
    played, _ = frames(made)
    height, width = played[0].shape[:2]
    assert (width, height > 512 + 40) == (512, True)
    assert metadata["image/png"] == {
        "alt": "From black to white, and it ends on white.", "width": 256, "height": round(height / 2),
    }  # fmt: skip
    below = [frame[512:] for frame in played]
    assert below[0].min() < 100  # letters
    assert all(np.array_equal(each, below[0]) for each in below)


def test_what_would_be_too_large_twofold_has_fewer_colours_and_then_fewer_pixels(monkeypatch):
    noise = np.random.default_rng(0).random((6, 40, 40), dtype=np.float32)
    full = animate(noise)
    assert full.scale == 2
    assert 32 < len(np.unique(frames(full)[0][0])) <= 64
    monkeypatch.setattr(animation, "LARGEST", len(full.png) - 1)
    fewer = animate(noise)
    assert fewer.scale == 2
    assert len(np.unique(frames(fewer)[0][0])) <= 32
    monkeypatch.setattr(animation, "LARGEST", len(fewer.png) - 1)
    half = animate(noise)
    assert (half.scale, frames(half)[0][0].shape) == (1, (240, 240, 3))
    assert len(half.png) < len(fewer.png)
    assert half._repr_mimebundle_()[1]["image/png"]["width"] == full._repr_mimebundle_()[1]["image/png"]["width"] == 240
    monkeypatch.setattr(animation, "LARGEST", 1000)
    with pytest.raises(InputError, match=r"at most 1 kB; 6 frames of 240x240 pixels take \d+ kB. Give fewer frames"):
        animate(noise)


def test_few_colours_make_it_small():
    made = animate([STILL * level for level in np.linspace(0, 1, 30)])
    assert len(made.png) < LARGEST / 4
    assert Image.open(io.BytesIO(made.png)).mode == "P"


def test_colours_of_the_course_keep_their_hue_in_the_palette():
    def draw(level):
        figure, axes = plotting.subplots(width=3, height=2)
        for place, colour in enumerate(plotting.COLOURS.values()):
            axes[0, 0].barh(place, 1 + level, color=colour)
        axes[0, 0].set(xlim=(0, 2), yticks=[])
        return figure

    (first, *_), _ = frames(animate(draw, times=(0, 0.5, 1)))
    seen = first.reshape(-1, 3).astype(int)
    for colour in plotting.COLOURS.values():
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(seen - wanted).max(axis=1).min() < 6, colour


def test_mistakes_are_explained():
    for call, message in (
        (lambda: animate(STEPS[:1]), "at least two frames, all of one size; received 1"),
        (lambda: animate([]), "received 0"),
        (lambda: animate([STEPS[0], np.zeros((8, 16))]), "frames of 512x256 and 512x512 pixels"),
        (lambda: animate(STEPS * 30), "at most 10 s; 120 frames of 0.1 s take 12.0 s. Give fewer frames"),
        (lambda: animate(STEPS, duration=2, plays=2), "4 frames of 2 s, played 2 times, take 17.5 s"),
        (lambda: animate(STEPS, duration=0), "duration"),
        (lambda: animate(STEPS, plays=0), "plays"),
        (lambda: animate(dot), "function with times=; received no times"),
        (lambda: animate(STEPS, times=[0, 1]), "received both"),
        (lambda: animate(["a", "b"]), "to be a figure, or an image.*received one of type str"),
        (lambda: animate([np.zeros((2, 8, 8, 4))]), r"received an array of shape \(2, 8, 8, 4\)"),
        (lambda: animate([2 * step for step in STEPS]), r"frames with values in \[0, 1\]"),
        (lambda: animate([np.zeros((8, 8), np.uint8)] * 2), "Divide 8-bit images by 255"),
    ):
        with pytest.raises(InputError, match=message):
            call()
