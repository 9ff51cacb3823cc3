"""Is a ``.keras`` file what it should be? Asked before Keras builds anything from it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cdae_lessons import backend

keras = backend.load_keras()

PARTS = {"metadata.json", "config.json", "model.weights.h5", "cdae_lessons.json"}
LARGEST = 128 * 2**20  # bytes, unpacked: 33 million weights; the largest network of the course has 1 million
LONGEST = 2**19  # bytes of a text; the longest of the course has a tenth
CLASSES = {
    "keras": {"DTypePolicy", "Functional", "Model", "Sequential"},
    "keras.src.models.functional": {"Functional"},
    "keras.layers": set(
        """
        InputLayer Dense Conv2D Conv2DTranspose DepthwiseConv2D SeparableConv2D MaxPooling2D AveragePooling2D
        GlobalAveragePooling2D GlobalMaxPooling2D UpSampling2D ZeroPadding2D Cropping2D Flatten Reshape Permute
        RepeatVector Add Subtract Multiply Average Maximum Minimum Concatenate Dropout SpatialDropout2D GaussianNoise
        GaussianDropout BatchNormalization LayerNormalization GroupNormalization Activation ReLU LeakyReLU PReLU ELU
        Softmax Rescaling Identity
        """.split()  # noqa: SIM905
    ),
    "keras.src.ops.numpy": set(  # what a residual network subtracts by, and its like
        """
        Absolute Add Clip Concatenate Divide ExpandDims GetItem Maximum Mean Minimum Multiply Negative Power Reshape
        Sqrt Square Squeeze Subtract Transpose TrueDivide
        """.split()  # noqa: SIM905
    ),
    "keras.src.ops.nn": {"Elu", "Gelu", "LeakyRelu", "Relu", "Sigmoid", "Silu", "Softplus", "Tanh"},
    "keras.initializers": set(
        """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Ones Orthogonal RandomNormal
        RandomUniform TruncatedNormal VarianceScaling Zeros
        """.split()  # noqa: SIM905
    ),
    "keras.regularizers": {"L1", "L2", "L1L2"},
    "keras.constraints": {"MaxNorm", "NonNeg", "UnitNorm"},
    None: {"__keras_tensor__", "__ellipsis__", "__slice__"},
}


def check(path: Path) -> None:
    """Raise ValueError, or whatever reading a damaged file raises, if Keras should not be given this file.

    Keras' safe mode refuses Lambda layers, but older releases let a file name any function of any module, or promise
    weights that fill the memory. So here: every object named is one of `CLASSES` or registered by a program that runs
    already; the weights are plain arrays that the file really holds; and the network has no more weights than
    that (this on torch alone, whose "meta" device builds a network without memory).
    """
    with zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if unknown := sorted(sizes.keys() - PARTS):
            _refuse(f"it holds {unknown[0]!r}, which no model of this course has")
        if missing := sorted({"config.json", "model.weights.h5"} - sizes.keys()):
            _refuse(f"it holds no {missing[0]}")
        if sum(sizes.values()) > LARGEST or sizes["config.json"] > LONGEST:
            _refuse(f"it unpacks to {sum(sizes.values()) / 2**20:.1f} MiB, more than any model of this course")
        config = json.loads(archive.read("config.json"))
        config.pop("compile_config", None)  # of the training, which is not taken up again
        held = _numbers(archive.read("model.weights.h5"))
    for named in _objects(config):
        module, name = named.get("module"), named.get("class_name")
        registered = named.get("registered_name")
        known = registered and keras.saving.get_registered_object(registered) is not None
        if not known and name not in CLASSES.get(module, ()):
            _refuse(f"it names {module}.{name}, which is no part of a model of this course")
    if keras.backend.backend() == "torch":
        with keras.device("meta"):
            wanted = keras.saving.deserialize_keras_object(config, safe_mode=True).count_params()
        if wanted > held:
            _refuse(f"its network has {wanted} weights, but the file holds {held}")


def _objects(config: object) -> Iterator[dict]:
    """Every part of a configuration that names a class or a function."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
            if "class_name" in part or "module" in part:
                yield part
        elif isinstance(part, list):
            waiting += part


def _numbers(content: bytes) -> int:
    """How many numbers an HDF5 file holds, in plain arrays that lie nowhere but in it."""
    import h5py

    arrays = []
    with h5py.File(io.BytesIO(content), "r") as file:
        # Nothing is raised while h5py visits: its message would be lost.
        elsewhere = file.visititems_links(lambda name, link: None if isinstance(link, h5py.HardLink) else name)
        file.visititems(lambda _, found: arrays.append(found) if isinstance(found, h5py.Dataset) else None)
        for found in arrays:
            if found.external or found.is_virtual or found.chunks or found.nbytes > len(content):
                _refuse(f"its weights {found.name} are not a plain array in the file")
        if elsewhere is not None:
            _refuse(f"its weights {elsewhere} lie elsewhere")
        return sum(found.size for found in arrays)


def _refuse(why: str) -> None:
    raise ValueError(why)
