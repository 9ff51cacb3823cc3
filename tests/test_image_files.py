"""Image files at full size, in and out: in Python, and by ``python -m cdae_lessons denoise``."""

import re

import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import SHARED, dicom, needs_mias, save
from scipy import ndimage

from cdae_lessons import InputError, datasets, image_files, models, noise, training, weights
from cdae_lessons.__main__ import main
from cdae_lessons.image_files import looks, networks, stacks

BLOBS = np.clip(ndimage.gaussian_filter(np.random.default_rng(0).random((2, 96, 80)), (0, 5, 5)) * 8 - 3.5, 0, 1)
GREYS = np.rint(BLOBS[0] * 200 + 20).astype(np.uint8)


def blur(model, images):
    return np.clip(ndimage.gaussian_filter(images, (0, 1, 1)), 0, 1)


@pytest.fixture
def blurring(monkeypatch):
    """A blur stands in for the network."""
    monkeypatch.setattr(stacks.training, "denoise", blur)


@pytest.fixture
def said(capsys, monkeypatch, tmp_path):
    """Call it with arguments of the command: its exit status, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = main(["denoise", *map(str, arguments)])
        out, err = capsys.readouterr()
        return status, re.sub(r"\s+", " ", out + err)

    return run


# In Python


def test_images_are_read_at_full_size_and_all_of_a_file(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", (BLOBS * 65535).astype(np.uint16))
    images = image_files.read(tmp_path / "a.tif")
    assert images.dtype == np.float32
    assert np.allclose(images, BLOBS, atol=2e-5)


def test_floating_point_values_keep_their_range(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", (BLOBS * 2000 - 1000).astype(np.float32))
    assert np.allclose(image_files.read(tmp_path / "a.tif"), BLOBS * 2000 - 1000, atol=1e-3)


def test_pages_of_different_sizes_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in (GREYS, GREYS[:40]):
            file.write(page, photometric="minisblack")
    with pytest.raises(InputError, match=r"images of one size in .*a\.tif; found 2 of the sizes"):
        image_files.read(tmp_path / "a.tif")


def test_without_a_window_the_whole_range_is_seen(tmp_path):
    file = dicom(tmp_path / "a.dcm", np.array([[0, 2048, 4095]]), WindowCenter=2048, WindowWidth=100)
    assert np.allclose(image_files.read(file), [[[0, 0.5, 1]]], atol=0.01)
    assert np.allclose(image_files.read(file, window=False), [[[0, 2048 / 4095, 1]]], atol=1e-6)
    dim = dicom(tmp_path / "b.dcm", np.array([[2000, 2048, 2100]]), WindowCenter=2048, WindowWidth=10)
    assert np.allclose(image_files.read(dim, window=False), np.array([[[2000, 2048, 2100]]]) / 4095)


@pytest.mark.parametrize(
    ("images", "percentiles", "ends"),
    [
        (BLOBS, None, (0, 1)),
        (BLOBS, (0, 100), (BLOBS.min(), BLOBS.max())),
        (BLOBS * 2000 - 1000, None, (-1000, 1000)),
        (0.5 + BLOBS / 50, None, (0.5, 0.52)),
        (np.zeros((1, 8, 8)), None, (0, 1)),
        (np.eye(8)[np.newaxis], None, (0, 1)),
        (np.eye(8)[np.newaxis] - 3, None, (-3, -2)),
    ],
)
def test_black_and_white_of_a_network(images, percentiles, ends):
    low, high = image_files.find_range(images, percentiles=percentiles)
    wide = np.ptp(images) or 1
    assert abs(low - ends[0]) <= 0.08 * wide
    assert abs(high - ends[1]) <= 0.08 * wide
    assert low < high


def test_padding_is_not_taken_for_black():
    images = 0.5 + BLOBS / 50
    images[:, :30] = 0
    assert image_files.find_range(images)[0] > 0.499


def test_denoised_images_keep_their_unit_and_what_is_beyond(blurring):
    images = BLOBS * 2000 - 1000
    images[0, 0, 0] = 9000
    made = image_files.denoise(models.conv_autoencoder(16), images, ends=(-1000, 1000), progress=False)
    expected = blur(None, BLOBS.astype(np.float32)) * 2000 - 1000
    assert np.allclose(made[1], expected[1], atol=0.1)
    assert 8000 < made[0, 0, 0] < 9000
    assert made.dtype == np.float32


@pytest.mark.trains
def test_beyond_the_edges_a_network_sees_the_mirror_image():
    model = weights.load()
    images = np.full((1, 96, 80), 0.6, np.float32)
    framed, made = training.denoise(model, images), image_files.denoise(model, images, progress=False)
    assert np.ptp(framed) > 2 * np.ptp(made)
    assert made.shape == images.shape


@pytest.mark.trains
def test_images_of_the_networks_own_size_are_denoised_as_ever():
    model, images = models.cnn_dae(16, seed=0), np.random.default_rng(0).random((3, 16, 16), np.float32)
    assert np.allclose(image_files.denoise(model, images, progress=False), training.denoise(model, images), atol=1e-6)


def test_a_large_stack_is_denoised_in_parts(blurring, monkeypatch):
    monkeypatch.setattr(stacks, "AT_ONCE", 1)
    made = image_files.denoise(models.conv_autoencoder(16), BLOBS, progress=False)
    assert np.allclose(made, blur(None, BLOBS), atol=1e-5)


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("clip", [False, True])
def test_noise_is_estimated_though_files_cut_it_off(sigma, clip):
    noisy = noise.gaussian(BLOBS, p=sigma, sigma=1, clip=clip, rng=0)
    noisy = np.concatenate([np.zeros_like(noisy), noisy], axis=1)  # a background without any
    assert image_files.noise_level(noisy) == pytest.approx(sigma, rel=0.25)


def test_an_image_of_one_grey_has_no_noise():
    assert image_files.noise_level(np.full((1, 3, 40), 0.3)) == 0


# By the command


def test_each_file_comes_out_in_the_format_it_came_in(tmp_path, said, blurring):
    save(GREYS, tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "b.tif", (BLOBS * 60000).astype(np.uint16))
    dicom(tmp_path / "c.dcm", GREYS.astype(int) * 16)
    status, text = said("a.png", "b.tif", "c.dcm")
    assert status == 0
    names = ["a.png", "b.tif", "c.dcm"]
    written = {each.name for each in (tmp_path / "denoised").iterdir()}
    assert written == {*names, *(f"{name}.before-after.png" for name in names)}
    assert tifffile.imread(tmp_path / "denoised" / "b.tif").dtype == np.uint16
    for name in names:
        before, after = (image_files.read(folder / name) for folder in (tmp_path, tmp_path / "denoised"))
        assert np.abs(after - blur(None, before)).max() < 3e-3
    assert "knows brains of 64x64 pixels" in text
    assert "Gaussian noise of standard deviation 0.05 to 1" in text
    assert "2 images of 80x96" in text
    assert "3 denoised, in denoised; not for diagnosis" in text
    with Image.open(tmp_path / "denoised" / "a.png.before-after.png") as picture:
        assert picture.width > 600


def test_the_same_command_goes_on_where_it_stopped(tmp_path, said, blurring):
    save(GREYS, tmp_path / "a.png")
    said("a.png")
    kept = (tmp_path / "denoised" / "a.png").read_bytes()
    save(GREYS[::-1], tmp_path / "b.png")
    status, text = said("a.png", "b.png")
    assert status == 0
    assert "1 of 2 are in denoised from before, and passed over" in text
    assert (tmp_path / "denoised" / "b.png").is_file()
    assert (tmp_path / "denoised" / "a.png").read_bytes() == kept
    assert "1 of 1 are in denoised" in said("a.png")[1]


def test_folders_keep_their_subfolders_and_results_are_not_denoised_again(tmp_path, said, blurring):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(GREYS, tmp_path / name / "a.png")
    for _ in range(2):
        assert said(".", "--out", "made")[0] == 0
    found = {str(each.relative_to(tmp_path / "made").as_posix()) for each in (tmp_path / "made").rglob("a.png")}
    assert found == {"one/a.png", "two/a.png"}


def test_scores_against_a_clean_image(tmp_path, said, blurring):
    save(GREYS, tmp_path / "clean.png")
    noisy = noise.gaussian(GREYS[np.newaxis] / 255, p=0.1, sigma=1, clip=True, rng=0)[0]
    save(np.rint(noisy * 255).astype(np.uint8), tmp_path / "a.png")
    status, text = said("a.png", "--clean", "clean.png", "--noise", "gaussian p=0.1 sigma=1")
    assert status == 0
    assert "data_range=1" in text
    found = re.findall(r"(before|after) SSIM ([\d.]+) PSNR ([\d.]+) dB", text)
    assert [name for name, *_ in found] == ["before", "after"]
    assert float(found[1][2]) > float(found[0][2]) + 3
    assert "noise 0.100 of the range (25.5 grey levels, of 255)" in text


def test_a_clean_image_is_seen_in_the_range_of_the_noisy_one(tmp_path, said, blurring):
    for name in ("a.tif", "clean.tif"):
        tifffile.imwrite(tmp_path / name, (BLOBS[0] * 2000 - 1000).astype(np.float32))
    text = said("a.tif", "--clean", "clean.tif")[1]
    assert "before SSIM 1.000 PSNR inf" in text
    assert "the network saw 2000 in the file's unit" in text or "the network saw 19" in text


def test_a_noise_that_the_network_was_not_trained_for_is_noticed(tmp_path, said, blurring):
    save(GREYS, tmp_path / "a.png")
    assert "Notice: the network was trained for noise of 0.05 to 1" in said("a.png")[1]
    assert "Notice" not in said("a.png", "--noise", "gaussian p=0.1 sigma=1", "--out", "again")[1]


def test_rescaled_by_percentiles_a_dicom_file_is_seen_without_its_window(tmp_path, said, blurring):
    pixels = (BLOBS[0] * 3000).astype(int)
    dicom(
        tmp_path / "a.dcm", pixels, WindowCenter=100, WindowWidth=50, Modality="CT", RescaleSlope=1, RescaleIntercept=0
    )
    status, text = said("a.dcm", "--rescale", "0-100")
    assert status == 0
    assert "The network saw 3000 HU" in text or "The network saw 2999 HU" in text
    after = image_files.read(tmp_path / "denoised" / "a.dcm", window=False)[0] * 4095
    assert np.abs(after - ndimage.gaussian_filter(pixels.astype(float), 1)).max() < 2


@pytest.mark.trains
def test_a_network_is_trained_on_pieces_of_a_folder_and_kept(tmp_path, said, monkeypatch):
    monkeypatch.setattr(networks, "PIECES", 20)
    (tmp_path / "clean").mkdir()
    save(GREYS, tmp_path / "clean" / "a.png")
    noisy = noise.gaussian(BLOBS[:1], p=0.1, sigma=1, clip=True, rng=0)[0]
    save(np.rint(noisy * 255).astype(np.uint8), tmp_path / "a.png")
    status, text = said("a.png", "--train", "clean", "--steps", "2")
    assert status == 0
    assert re.search(r"To train for: noise of 0\.(09|1)\d* of the range, as estimated", text)
    assert re.search(
        r"Trained in \d+ s with the fast recipe, for noise gaussian p=0.\d+ sigma=1 clip=1, on \d+ pieces", text
    )
    made = training.info(tmp_path / "denoised" / "network.keras")
    assert made["noise"].startswith("gaussian p=0.")
    save(GREYS, tmp_path / "b.png")
    text = said("b.png", "--train", "clean")[1]
    assert "network.keras is there from before, and used" in text
    text = said("b.png", "--model", "denoised/network.keras", "--out", "again")[1]
    assert re.search(r"trained on \d+ images of 64x64 pixels with noise gaussian p=0.\d+ sigma=1 clip=1", text)


def test_an_interrupted_training_is_not_kept(tmp_path, monkeypatch):
    save(GREYS, tmp_path / "a.png")

    def fit(*_, **__):
        return training.History(None, "fast", "gaussian", 1, 0, 0.1, "interrupted")

    monkeypatch.setattr(networks.training, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        networks.trained(tmp_path, corrupt=networks.noise_of(0.1), steps=1, keep=tmp_path / "n.keras", progress=False)
    assert not (tmp_path / "n.keras").exists()


def test_pieces_are_cut_where_there_is_something_to_see(tmp_path):
    half = np.zeros((96, 600), np.uint8)
    half[:, :80] = GREYS
    save(half, tmp_path / "a.png")
    pieces, count = networks.cut(tmp_path, n=60)
    assert count == 1
    assert pieces.shape[1:] == (64, 64)
    assert 5 < len(pieces) < 40
    assert pieces.std(axis=(1, 2)).min() > networks.FLAT


@pytest.mark.parametrize("content", [None, np.zeros((96, 96), np.uint8), GREYS[:40]])
def test_a_folder_with_nothing_to_train_on(tmp_path, content):
    (tmp_path / "clean").mkdir()
    if content is not None:
        save(content, tmp_path / "clean" / "a.png")
    with pytest.raises(InputError, match="nothing to train on: [01] images"):
        networks.cut(tmp_path / "clean")
    with pytest.raises(InputError, match="There is no folder"):
        networks.cut(tmp_path / "elsewhere")


@pytest.mark.trains
def test_a_saved_network_says_what_it_was_trained_for(tmp_path):
    model = models.cnn_dae(16)
    model.save(tmp_path / "plain.keras")
    assert networks.saved(tmp_path / "plain.keras").sigmas is None
    for how, sigmas in (("gaussian p=0.5 sigma=0.4", (0.1, 0.4)), ("my_own", None)):
        history = training.History(None, "fast", how, 30, 0, 1.0, "finished")
        training.save(model, tmp_path / "a.keras", history=history)
        found = networks.saved(tmp_path / "a.keras")
        assert f"trained on 30 images of 16x16 pixels with noise {how}" in found.about
        assert found.sigmas == (None if sigmas is None else pytest.approx(sigmas, rel=0.05))


def test_one_bad_file_among_good_ones(tmp_path, said, blurring):
    save(GREYS, tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG no more")
    status, text = said("b.png", "a.png")
    assert status == 1
    assert "b.png: not denoised. b.png cannot be read as an image" in text
    assert "1 of 2 files could not be denoised" in text
    assert {each.name for each in (tmp_path / "denoised").iterdir()} == {"a.png", "a.png.before-after.png"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.png", "--out", "."], "would be written over. Choose another --out"),
        (["one/a.png", "two/a.png"], "Two files would become"),
        (["one/a.png", "a.png", "--clean", "a.png"], "Two files would become"),
        (["one", "two", "--out", "made", "--clean", "a.png"], "Two files would become"),
        (["one/b.png", "a.png", "--clean", "a.png"], "one file to denoise where its clean image is given; received 2"),
        (["c.png"], "There is no file c.png"),
        (["words.txt"], "none of the kinds that are read"),
        (["empty"], "holds no images to denoise"),
        (["a.png", "--rescale", "9-1"], "Expected rescale=LOW-HIGH"),
        (["a.png", "--noise", "gauss p=1"], "no noise model called 'gauss'"),
        (["a.png", "--steps", "9"], "Expected steps only with a folder to train on"),
        (["a.png", "--model", "none.keras"], "There is no file none.keras"),
        (["a.png", "--clean", "one/b.png"], "Expected clean images of shape"),
        (["a.png", "--out", "words.txt"], "Cannot write"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(tmp_path, said, blurring, arguments, message):
    for name in ("one", "two", "empty"):
        (tmp_path / name).mkdir()
    for name in ("a.png", "one/a.png", "two/a.png"):
        save(GREYS, tmp_path / name)
    save(GREYS[:40], tmp_path / "one" / "b.png")
    (tmp_path / "words.txt").write_text("words", encoding="utf-8")
    before = (tmp_path / "a.png").read_bytes()
    status, text = said(*arguments)
    assert status == 1
    assert message in text
    assert "Traceback" not in text
    assert (tmp_path / "a.png").read_bytes() == before
    assert not [*tmp_path.glob("denoised/*"), *tmp_path.glob("made/*")]


def test_the_picture_has_a_scale_with_the_unit(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(looks, "png", lambda figure: drawn.append(figure) or b"a picture")
    looks.write(tmp_path / "a.png", BLOBS[0], BLOBS[0] - 0.1, ends=(0, 1), scale=400, unit="HU")
    assert (tmp_path / "a.png").read_bytes() == b"a picture"
    panels = drawn[0].axes
    assert [axes.get_title() for axes in panels[:3]] == ["before", "after", "removed"]
    assert panels[3].get_ylabel() == "before − after (HU)"
    assert np.allclose(panels[2].images[0].get_array(), 40)
    assert panels[0].images[0].get_clim() == panels[1].images[0].get_clim() == (0, 1)


@needs_mias
@pytest.mark.trains
def test_a_mammogram_at_full_size(tmp_path, said):
    status, text = said(SHARED / "mias" / "mdb001.pgm", "--out", tmp_path / "out")
    assert status == 0
    assert "1 image of 1024x1024" in text
    with Image.open(tmp_path / "out" / "mdb001.pgm") as made:
        assert (made.size, made.mode, made.format) == ((1024, 1024), "L", "PPM")


def test_brains_are_what_the_shipped_network_knows():
    assert networks.shipped().sigmas == weights.SIGMAS
    assert datasets.load("brain", n=1).images.shape[1] == networks.SIDE
