"""Which backend is chosen, and what is said when it cannot be had. Each case needs a fresh Python."""

import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from cdae_lessons import backend


def python(code, **environ):
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", code], env=kept | environ, capture_output=True, text=True, check=False, encoding="utf-8"
    )


def test_torch_is_chosen_where_the_user_says_nothing():
    done = python("import cdae_lessons, os; print(os.environ['KERAS_BACKEND'])")
    assert done.stdout.strip() == "torch", done.stderr


def test_the_users_choice_wins():
    done = python("import cdae_lessons, os; print(os.environ['KERAS_BACKEND'])", KERAS_BACKEND="jax")
    assert done.stdout.strip() == "jax", done.stderr


def test_what_is_installed_is_taken_where_torch_is_not():
    code = (
        "import importlib.util as u, os\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else object() if name == 'jax' else real(name, *a)\n"
        "import cdae_lessons\n"
        "print(os.environ['KERAS_BACKEND'])"
    )
    assert python(code).stdout.strip() == "jax"


def test_importing_the_package_imports_no_keras_or_torch():
    code = (
        "import sys, cdae_lessons\n"
        "from cdae_lessons import datasets, denoisers, metrics, noise, plotting\n"
        "print({'keras', 'torch', 'tensorflow', 'jax'} & set(sys.modules))"
    )
    assert python(code).stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "said"), [("pytorch", "expected one of torch, jax, tensorflow"), ("Torch", "expected one of")]
)
def test_a_backend_that_does_not_exist_is_named(name, said):
    done = python("from cdae_lessons import models", KERAS_BACKEND=name)
    assert done.returncode == 1
    assert repr(name) in done.stderr
    assert said in done.stderr


def test_a_backend_that_is_not_installed_is_named_with_the_remedy():
    code = (
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'jax' else real(name, *a)\n"
        "from cdae_lessons import models"
    )
    done = python(code, KERAS_BACKEND="jax")
    assert "pip install jax" in done.stderr
    assert "InputError" in done.stderr


def test_keras_imported_before_with_another_backend_is_told():
    code = (
        "import os\n"
        "os.environ['KERAS_BACKEND'] = 'torch'\n"
        "import keras\n"
        "os.environ['KERAS_BACKEND'] = 'numpy'\n"
        "import cdae_lessons.backend as b\n"
        "b.BACKENDS = (*b.BACKENDS, 'numpy')\n"
        "b.load_keras()"
    )
    done = python(code)
    assert "imported earlier with the 'torch' backend" in done.stderr
    assert "Restart the kernel" in done.stderr


def test_keras_imported_before_without_tensorflow_does_no_harm(tmp_path):
    code = (
        "import sys\n"
        "sys.modules['tensorflow'] = None\n"
        "try:\n"
        "    import keras\n"
        "except ImportError as error:\n"
        "    print(error)\n"
        "from cdae_lessons import models\n"
        "print(models.keras.backend.backend(), models.dense_autoencoder(8)(models.keras.ops.ones((1, 8, 8))).shape)"
    )
    done = python(code, KERAS_HOME=str(tmp_path))
    assert "tensorflow" in done.stdout
    assert "torch torch.Size([1, 8, 8])" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("{'torch', 'jax', 'tensorflow'}", "none is installed. Run: pip install torch"),
        ("{'keras'}", "Keras is not installed. Run: pip install keras"),
    ],
)
def test_what_is_missing_is_named_with_the_remedy(gone, said):
    code = (
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        f"u.find_spec = lambda name, *a: None if name in {gone} else real(name, *a)\n"
        "from cdae_lessons import models"
    )
    assert said in python(code).stderr


def test_what_is_not_installed_has_no_version():
    assert backend._version("no-such-package") == "not installed"


def test_the_device_is_said_for_each_backend(monkeypatch):
    import torch

    def has(module, **parts):
        fake = ModuleType(module)
        vars(fake).update(parts)
        monkeypatch.setitem(sys.modules, module, fake)

    def jax(platform, kind):
        has("jax", devices=lambda: [SimpleNamespace(platform=platform, device_kind=kind)])
        return backend._device("jax")

    def tensorflow(*gpus):
        details = {"device_name": "NVIDIA T4"}
        experimental = SimpleNamespace(get_device_details=lambda gpu: details if gpu else {})
        has(
            "tensorflow",
            config=SimpleNamespace(list_physical_devices=lambda _: gpus, experimental=experimental),
        )
        return backend._device("tensorflow")

    assert [jax("cpu", "cpu"), jax("gpu", "NVIDIA T4")] == ["CPU", "GPU, NVIDIA T4"]
    assert [tensorflow(), tensorflow("first"), tensorflow("")] == ["CPU", "CUDA, NVIDIA T4", "CUDA, GPU"]
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert backend._device("torch") == "MPS, Apple GPU"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA T4")
    assert backend._device("torch") == "CUDA, NVIDIA T4"


def test_describe_names_backend_device_precision_and_versions():
    found = backend.describe()
    assert found["backend"] == os.environ["KERAS_BACKEND"]
    assert found["device"].split(",")[0] in {"CPU", "CUDA", "MPS", "GPU", "TPU"}
    assert found["precision"] == "float32"
    assert all(found[name][0].isdigit() for name in ("python", "keras", "numpy", "scikit-image", "cdae-lessons"))
