"""Damaged and hostile files are read correctly or refused with an InputError, soon, and without filling the memory."""

import io
import json
import os
import pickle
import re
import struct
import tarfile
import time
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import read

from cdae_lessons import InputError, models, training
from cdae_lessons.datasets import load, reading, writing
from cdae_lessons.datasets.images import MOST_PIXELS
from cdae_lessons.datasets.medmnist import PARTS
from cdae_lessons.models import keras

KINDS = ["pgm", "png", "jpg", "tif", "bmp", "gif", "webp", "jp2", "dcm", "npz", "keras", "frames.dcm", "u2.tif", "nii"]
EXTREMES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
TOKEN = re.compile(rb'-?\d+(?:\.\d+)?|"[^"]*"|true|false|null')
WORDS = [b"0", b"-1", b"7", b"1e9", b"1000000000", b"99999999999999999999", b"null", b"true", b"[]", b"{}", b'"x"']
WORDS += [b'"Lambda"', b'"os"', b'"system"', b'"../x"', b'"config"', b"[[[[]]]]"]

pytestmark = pytest.mark.usefixtures("home")


def picture(suffix):
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    image = Image.fromarray(pixels if suffix in ("pgm", "tif") else np.stack([pixels] * 3, -1))
    image.save(stream, {"jpg": "JPEG", "tif": "TIFF", "pgm": "PPM", "jp2": "JPEG2000"}.get(suffix, suffix.upper()))
    return stream.getvalue()


def dicom(**tags):
    pydicom = pytest.importorskip("pydicom")
    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = tags.pop("syntax", pydicom.uid.ExplicitVRLittleEndian)
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = "1.2.3"
    header.Rows = header.Columns = 16
    header.SamplesPerPixel, header.PhotometricInterpretation, header.PatientID = 1, "MONOCHROME2", "P7"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
    header.RescaleSlope, header.RescaleIntercept, header.WindowCenter, header.WindowWidth = 1, -1024, 40, 400
    header.PixelData = np.arange(256, dtype="<u2").tobytes()
    for name, value in tags.items():
        setattr(header, name, value)
    stream = io.BytesIO()
    header.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def frames():
    """DICOM with all that a frame may have, and no prefix."""
    item = pytest.importorskip("pydicom").Dataset
    table, group, rescaling = item(), item(), item()
    table.LUTDescriptor, table.LUTData = [256, 0, 8], bytes(range(256))
    rescaling.RescaleSlope, rescaling.RescaleIntercept = -1, 255
    group.PixelValueTransformationSequence = [rescaling]
    content = dicom(
        NumberOfFrames=3, PixelPaddingValue=0, VOILUTSequence=[table], SharedFunctionalGroupsSequence=[group],
        PhotometricInterpretation="MONOCHROME1", PixelData=np.arange(768, dtype="<u2").tobytes(),
    )  # fmt: skip
    return content[132:]


def pages():
    """Three pages of 16 bits, packed, in tiles."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 65536, (3, 40, 40), np.uint16)
    tifffile.imwrite(stream, pixels, photometric="miniswhite", compression="zlib", tile=(16, 16), byteorder=">")
    return stream.getvalue()


def volume():
    nibabel = pytest.importorskip("nibabel")
    return nibabel.Nifti1Image(np.random.default_rng(0).random((16, 16, 5), np.float32), np.eye(4)).to_bytes()


def medmnist(**parts):
    stream = io.BytesIO()
    usual = {part: np.full((4, 28, 28), 100, np.uint8) for part in PARTS}
    np.savez(stream, **usual | parts)
    return stream.getvalue()


def network(folder):
    path = folder / "seed.keras"
    training.save(models.conv_autoencoder(16, filters=(4,)), path, scores={"ssim": 0.5})
    content = path.read_bytes()
    path.unlink()
    return content


def seed(kind, folder):
    if kind == "keras":
        return network(folder)
    special = {"dcm": dicom, "frames.dcm": frames, "npz": medmnist, "u2.tif": pages, "nii": volume}
    return special[kind]() if kind in special else picture(kind)


# What may be done to a file


def damage(content, rng):
    """One to four changes, half of them near the beginning, where headers are."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        end = min(len(content), 300) if rng.random() < 0.5 else len(content)
        place, length = int(rng.integers(0, max(end, 1))), int(rng.integers(1, 40))
        match rng.integers(0, 7):
            case 0:
                content[place : place + 1] = rng.bytes(1)
            case 1:
                content[place : place + length] = rng.bytes(length)
            case 2:
                width, order = rng.choice([1, 2, 4]), rng.choice(["little", "big"])
                number = EXTREMES[rng.integers(len(EXTREMES))] & (256**width - 1)
                content[place : place + width] = int(number).to_bytes(int(width), str(order))
            case 3:
                del content[place : place + length]
            case 4:
                content[place:place] = content[place : place + length] * int(rng.integers(1, 20))
            case 5:
                content[place:place] = b"9" * length
            case 6:
                del content[int(rng.integers(0, len(content) + 1)) :]
    return bytes(content)


def reword(content, rng):
    """Other numbers and words in a JSON text or a NumPy header."""
    found = list(TOKEN.finditer(content))
    for match in sorted({found[index] for index in rng.integers(0, len(found), 3)}, key=lambda m: -m.start()):
        word = WORDS[rng.integers(len(WORDS))] if rng.random() < 0.7 else found[rng.integers(len(found))][0]
        content = content[: match.start()] + word + content[match.end() :]
    return content


def repacked(content, rng):
    """A ZIP file with one member damaged and its checksum right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[rng.integers(len(members))]
    text = name.endswith(".json") or (name.endswith(".npy") and rng.random() < 0.5)
    members[name] = (reword if text else damage)(members[name], rng)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED) as archive:
        for member, inside in members.items():
            archive.writestr(member, inside)
    return stream.getvalue()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def rechunked(content, rng):
    """A PNG file with one chunk damaged and its checksum right."""
    chunks, place = [], 8
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += length + 12
    index = rng.integers(len(chunks))
    chunks[index] = chunks[index][0], damage(chunks[index][1], rng)
    return content[:8] + b"".join(chunk(*part) for part in chunks)


def mutant(kind, content, rng):
    careful = {"png": rechunked, "npz": repacked, "keras": repacked}.get(kind, damage)
    return (careful if rng.random() < 0.7 else damage)(content, rng)


# What must come of it


def use(kind, file):
    """Read a file of this kind; whatever is accepted must be what the package promises."""
    if kind == "keras":
        model = training.load(file)
        training.info(file)
        assert model.count_params() <= file.stat().st_size
    elif kind == "npz":
        images = load("breastmnist", size=28, data_dir=file.parent, download=False).images
        assert images.shape[1:] == (28, 28)
        assert 0 <= images.min() <= images.max() <= 1
    else:
        assert reading.kind(file)
        reading.count(file)
        found = []
        for image in reading.read_images(file, name=file.name)[0]:
            assert image.dtype == np.float32
            assert image.ndim == 2
            assert 0 < image.size <= MOST_PIXELS
            assert 0 <= image.min() <= image.max() <= 1  # false for NaN, too
            found += [image] if image.size < 10**4 else []
        if found and len({image.shape for image in found}) == 1:
            made = writing.write(np.stack(found), like=file, folder=file.parent / "out")
            again = np.stack(list(reading.read_images(made, name=made.name)[0]))
            assert np.abs(again - np.stack(found)).max() <= (3 if kind == "jpg" else 1) / 255


STATUS = Path("/proc/self/status")  # on other systems than Linux the memory is not looked at


def peak():
    """The most memory that this process has had, in MiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", STATUS.read_text())[1]) / 1024 if STATUS.exists() else 0


@contextmanager
def memory_below(limit):
    """Fail if what is done takes so many MiB more than there are in use."""
    if STATUS.exists():
        STATUS.with_name("clear_refs").write_text("5")  # forget the peak
    before = peak()
    yield
    assert peak() - before < limit


def fuzz(kind, folder, *, count, first=0):
    """Try `count` files; return how many were refused, and the seconds that the slowest took of the processor."""
    file = folder / ("breastmnist.npz" if kind == "npz" else f"a.{kind}")
    content = seed(kind, folder)
    file.write_bytes(content)
    use(kind, file)  # the file as it was is read, and what is imported on the way is there
    refused, slowest = 0, 0
    for number in range(first, first + count):
        file.write_bytes(mutant(kind, content, np.random.default_rng([number, KINDS.index(kind)])))
        started = time.process_time()
        try:
            with memory_below(500):
                use(kind, file)
        except InputError:
            refused += 1
        except Exception as error:
            error.add_note(f"{kind}, number {number}")
            raise
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 1
    return refused, slowest


@pytest.mark.filterwarnings("ignore:.*is not the file that MedMNIST publishes")
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(kind, tmp_path):
    refused, _ = fuzz(kind, tmp_path, count=60)
    assert refused > 5  # the damage is not for show


@pytest.mark.launch
@pytest.mark.filterwarnings("ignore:.*is not the file that MedMNIST publishes")
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_damaged_files_are_read_or_refused(kind, tmp_path, capsys):
    refused, slowest = fuzz(kind, tmp_path, count=1000, first=60)
    with capsys.disabled():
        print(f"\n{kind}: 1000 files, {refused} refused, the slowest took {slowest:.3f} s")  # noqa: T201


# Tricks


class Trap:
    """What a pickle can make Python do."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_no_pickle_is_run(tmp_path):
    mark = tmp_path / "run"
    trap = np.array([Trap(mark)], dtype=object)
    file = tmp_path / "breastmnist.npz"
    for content in (medmnist(train_images=trap), pickle.dumps(Trap(mark))):
        file.write_bytes(content)
        with (
            pytest.warns(UserWarning, match="not the file that MedMNIST publishes"),
            pytest.raises(InputError, match="is damaged, or no MedMNIST file"),
        ):
            load("breastmnist", size=28, data_dir=tmp_path)
    assert not mark.exists()
    with np.load(io.BytesIO(medmnist(train_images=trap)), allow_pickle=True) as arrays:
        assert arrays["train_images"].size  # the trap works
    assert mark.exists()


def test_no_pickle_is_run_from_prepared_images(tmp_path, home):
    from cdae_lessons.datasets import prepared

    def make():
        return np.ones((2, 4, 4), np.float32), np.arange(2)

    prepared.kept("toy", (), make)
    (file,) = (home / "prepared").iterdir()
    np.savez(file, images=np.array([Trap(tmp_path / "run")], dtype=object), subjects=np.arange(2))
    assert prepared.kept("toy", (), make)[0].sum() == 32
    assert not (tmp_path / "run").exists()


def test_an_image_that_is_a_program_is_not_run(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    file = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(file, "EPS")
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("Ghostscript was called"))
    with pytest.raises(InputError, match="cannot be read as an image"):
        read(file)


def png(width, height):
    """A PNG file that claims to be so large, of zeros."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10**6))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def tiff(width, height):
    content = io.BytesIO()
    Image.new("L", (8, 8)).save(content, "TIFF")
    content = bytearray(content.getvalue())
    for tag, number in ((256, width), (257, height)):
        place = content.index(struct.pack("<H", tag), 8)
        content[place + 2 : place + 12] = struct.pack("<HII", 4, 1, number)
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pgm", b"P5 99999999 99999999 255\n"),
        ("a.pgm", b"P5 7000 7000 255\n" + bytes(100)),
        ("a.png", png(7000, 7000)),
        ("a.png", png(2**31 - 1, 2**31 - 1)),
        ("a.tif", tiff(60000, 60000)),
        ("a.dcm", dicom(Rows=65535, Columns=65535)),
        ("a.dcm", dicom(NumberOfFrames=2**30)),
        ("a.dcm", dicom(syntax="1.2.840.10008.1.2.1.99", PixelData=bytes(10**7))),
    ],
    ids=["pgm", "pgm 49 million", "png 49 million", "png", "tif", "dicom", "dicom frames", "dicom deflated"],
)
def test_huge_images_are_refused_before_they_are_decoded(name, content, tmp_path):
    assert len(content) < 2**20
    (tmp_path / name).write_bytes(content)
    with memory_below(50), pytest.raises(InputError, match=r"claims to be|exceeds limit|deflated"):
        read(tmp_path / name)


def test_more_images_than_were_ever_published_are_refused(tmp_path):
    file = tmp_path / "breastmnist.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 28, 28)})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            archive.writestr(f"{part}.npy", header.getvalue())
    with pytest.warns(UserWarning, match="publishes"), pytest.raises(InputError, match="holds uint8 of shape"):
        load("breastmnist", size=28, data_dir=tmp_path)


def test_an_archive_whose_notes_fill_the_memory_is_refused(tmp_path):
    file = tmp_path / "mias.tar.gz"
    entry = tarfile.TarInfo("mdb001.pgm")
    entry.pax_headers = {"comment": "x" * (100 * 2**20)}
    with tarfile.open(file, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry)
    assert file.stat().st_size < 2**20
    with pytest.raises(InputError, match="is larger than any mini-MIAS image"):
        load("mias", data_dir=file)


# Networks


def lambda_layer(function):
    return {"module": "keras.layers", "class_name": "Lambda", "config": {"function": function}, "registered_name": None}


def first_layer(whole, **changes):
    whole["config"]["layers"][-2] |= changes


def units(config, number):
    convolution = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Conv2D")
    convolution["config"]["filters"] = number


OS_SYSTEM = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
UNSAFE = {"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"}
WRAPPED = {"module": "keras.layers", "class_name": "TorchModuleWrapper", "registered_name": None}
SAVED = {"module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: first_layer(config, **lambda_layer(OS_SYSTEM)), r"names (os.function|keras.layers.Lambda)"),
        (lambda config: first_layer(config, **lambda_layer(UNSAFE)), "names keras"),
        (lambda config: first_layer(config, activation=OS_SYSTEM), "names os.function"),
        (lambda config: first_layer(config, module="subprocess", class_name="Popen"), "names subprocess.Popen"),
        (lambda config: first_layer(config, class_name="__lambda__", module=None), "names None.__lambda__"),
        (lambda config: first_layer(config, **WRAPPED), "names keras.layers.TorchModuleWrapper"),
        (lambda config: first_layer(config, **SAVED), "names keras.layers.TFSMLayer"),
        (lambda config: config.update(module="os", class_name="system"), "names os.system"),
        (lambda config: config.update(notes="x" * 2**19), "unpacks to"),
    ],
    ids=["function", "unsafe", "activation", "class", "lambda", "torch", "saved model", "whole", "long"],
)
def test_a_network_that_names_code_never_comes_to_keras(change, said, tmp_path, monkeypatch):
    file = rewritten(tmp_path, change)
    for function in ("load_model", "deserialize_keras_object"):
        monkeypatch.setattr(keras.saving, function, lambda *_, **__: pytest.fail("Keras was given the file"))
    with pytest.raises(InputError, match=said):
        training.load(file)


def rewritten(folder, change, **members):
    """A saved network with its configuration changed."""
    file = folder / "net.keras"
    with zipfile.ZipFile(io.BytesIO(network(folder))) as archive:
        held = {name: archive.read(name) for name in archive.namelist()} | members
    config = json.loads(held["config.json"])
    change(config)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (held | {"config.json": json.dumps(config)}).items():
            archive.writestr(name, content)
    return file


def test_a_network_larger_than_its_weights_is_not_built(tmp_path):
    if keras.backend.backend() != "torch":
        pytest.skip("only torch builds a network without memory")
    file = rewritten(tmp_path, lambda config: units(config, 10**8))
    with memory_below(100), pytest.raises(InputError, match=r"its network has \d+ weights, but|cannot be loaded"):
        training.load(file)


def test_a_member_that_leads_out_is_refused(tmp_path):
    file = rewritten(tmp_path, lambda config: None, **{"../outside.txt": b"x"})
    with pytest.raises(InputError, match="holds '../outside.txt'"):
        training.load(file)
    assert not (tmp_path.parent / "outside.txt").exists()


def arrays(make):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        make(file)
    return stream.getvalue()


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
    file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file.create_dataset("x", (10**6, 10**6), "f4", chunks=(1000, 1000)), "not a plain array"),
        (lambda file: file.create_dataset("x", (10**6, 10**6), "f4"), "not a plain array"),
        (lambda file: file.create_dataset("x", (4,), "u1", external=[("/etc/passwd", 0, 4)]), "not a plain array"),
        (virtual, "not a plain array"),
        (lambda file: file.update(x=h5py.ExternalLink("/etc/passwd", "/x")), "lie elsewhere"),
        (lambda file: file.update(x=h5py.SoftLink("/y")), "lie elsewhere"),
    ],
    ids=["chunked", "empty", "external", "virtual", "external link", "soft link"],
)
def test_weights_that_are_not_in_the_file_are_refused(make, said, tmp_path):
    file = rewritten(tmp_path, lambda config: None, **{"model.weights.h5": arrays(make)})
    with pytest.raises(InputError, match=said):
        training.load(file)


@pytest.mark.launch
@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "F"])
def test_the_largest_image_stays_below_500_mib(mode, tmp_path):
    side = int(MOST_PIXELS**0.5)
    file = tmp_path / "a.tif"
    Image.new(mode, (side, side)).save(file, compression="tiff_deflate")
    with memory_below(500):
        assert read(file).shape == (side, side)


@pytest.mark.parametrize("n", [None, 1])
def test_frames_that_are_only_claimed_fill_no_memory(n, tmp_path):
    (tmp_path / "a.dcm").write_bytes(dicom(NumberOfFrames=2**30))
    with memory_below(50), pytest.raises(InputError, match="claims to be"):
        load(f"folder:{tmp_path}", n=n)
