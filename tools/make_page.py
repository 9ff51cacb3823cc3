"""Make the labs in one web page, build/labs.html: no installation, no server, no network.

python tools/make_page.py [--to FILE]

The sources are the modules of docs/page. What they need of the course goes in as one block: the network that ships, a
dozen test images (none of them chosen), the first of its training images, and the classical methods' parameters.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import zlib
from pathlib import Path
from string import Template

import numpy as np
from first_cell import REPOSITORY

from cdae_lessons import datasets, weights
from cdae_lessons.widgets.noise_sliders import LEVELS

SOURCES = Path(__file__).parents[1] / "docs" / "page"
TEST, TRAIN = 12, 100
TEST_SEED, TRAIN_SEED = 2017, 2016  # as in tools/make_weights.py
NOISES = ("gaussian", "shot", "rician", "salt_and_pepper")
METHODS = ("median", "gaussian", "nl_means", "tv")
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="Make the labs in one web page.")
    parser.add_argument("--to", type=Path, default=Path("build/labs.html"), help="the file to write")
    to = parser.parse_args().to
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(page(), encoding="utf-8")
    print(f"{to}: {to.stat().st_size / 1e3:.0f} kB")


def page() -> str:
    """The whole page: its policy allows its own script, style and workers, by their hashes, and no request at all."""
    script, style = bundle("main"), (SOURCES / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; worker-src blob:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    skeleton = Template((SOURCES / "page.html").read_text(encoding="utf-8"))
    return skeleton.substitute(policy=policy, style=style, script=script, data=data())


def bundle(main: str) -> str:
    """One script from a module and all that it imports: a file that is opened by double-click may load no other.

    Each module becomes a function that returns what it exports, so that names cannot meet.
    """
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in texts:
            return
        text = (SOURCES / f"{name}.js").read_text(encoding="utf-8")
        for _, needed in IMPORT.findall(text):
            add(needed)
        exports = ", ".join(EXPORT.findall(text))
        text = EXPORT.sub("", IMPORT.sub(lambda of: f"const {{{of[1].replace(' as ', ': ')}}} = labs.{of[2]};\n", text))
        if re.search(r"^(import|export)\b", text, re.MULTILINE):
            msg = f'{name}.js: expected import {{ … }} from "./….js" and export function or const only.'
            raise ValueError(msg)
        texts[name] = f"labs.{name} = (() => {{\n{text}return {{ {exports} }};\n}})();\n"

    add(main)
    start = '"use strict";\nglobalThis.labs = {}; // on view in the console: labs.scores.ssim(…)\n'
    return start + "".join(texts.values())


def data() -> str:
    """JSON with images, weights and parameters; what is large is deflated, in base64."""
    test = datasets.load("brain", n=TEST, seed=TEST_SEED).images
    train = datasets.load("brain", n=TRAIN, seed=TRAIN_SEED).images
    with np.load(weights.FOLDER / "cnn_dae_brain.npz", allow_pickle=False) as file:
        # Kernels are (height, width, inputs, outputs), in Keras' order.
        numbers = np.concatenate([file[f"w{i}"].ravel() for i in range(len(file.files))]).astype("<f2")
    images = np.round(255 * np.concatenate([test, train])).astype(np.uint8)
    tuned = {
        noise: {level: {m: of[m] for m in METHODS} for level, of in weights.baselines()[noise].items()}
        for noise in NOISES
    }
    of_noise = {noise: LEVELS[noise].range for noise in NOISES}
    content = {
        "size": test.shape[1],
        "counts": {"weights": numbers.size, "test": len(test), "train": len(train)},
        "made": {"train": 2000, "ssim": weights.scores()["ssim"], "course": REPOSITORY},
        "levels": {noise: (each.low, each.high, each.value) for noise, each in of_noise.items()},
        "tuned": tuned,
        "packed": base64.b64encode(zlib.compress(numbers.tobytes() + images.tobytes(), 9)).decode(),
    }
    return json.dumps(content, separators=(",", ":"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


if __name__ == "__main__":
    main()
