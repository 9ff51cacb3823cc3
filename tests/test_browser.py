"""The labs as a student meets them: JupyterLab in headless Chromium, each control found by role and name."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs Chromium: apt-get install chromium, or Google Chrome", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
pytest.importorskip("jupyterlab", reason="needs jupyterlab: pip install jupyterlab")

CELLS = (
    'from cdae_lessons import datasets, widgets\n\ncohort = datasets.load("brain", n=60, size=32)',
    "widgets.noise_lab(cohort)",
    "train, validation, _ = cohort.split(train=40, validation=10, test=10)\nwidgets.training_lab(train, validation)",
)
RUN_ALL = """async () => {
  const app = window.jupyterapp; await app.restored;
  const context = app.shell.currentWidget.context; await context.ready;
  await context.sessionContext.ready;
  await context.sessionContext.session.kernel.info;   // 'idle' alone is no proof that the kernel answers
  await app.commands.execute('notebook:run-all-cells');
}"""
PATIENCE = 60_000  # milliseconds, for what takes one second where nothing else runs
ERROR = '.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]'


def until_it_answers(request, process, log):
    for _ in range(200):
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 our own server
                return
        except OSError:
            try:
                process.wait(0.3)
            except subprocess.TimeoutExpired:
                continue
        break
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """JupyterLab in a folder of its own, which holds a notebook; yields the notebook's address."""
    root = tmp_path_factory.mktemp("jupyter")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, root / "labs.ipynb")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    token = secrets.token_hex(16)
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    own = {name: str(root / name.lower()) for name in folders}
    # One thread: where others compute as well, several only wait for each other.
    environment = os.environ | own | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    log = (root / "log.txt").open("w")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
            f"--ServerApp.root_dir={root}", "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ],
        env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        request = urllib.request.Request(f"{base}/api/status", headers={"Authorization": f"token {token}"})  # noqa: S310
        until_it_answers(request, process, root / "log.txt")
        yield f"{base}/lab/tree/labs.ipynb?token={token}&reset"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.fixture(scope="module")
def cells(address):
    """The notebook's code cells in the browser, once all have run."""
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = chromium.new_page(viewport={"width": 900, "height": 1600})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.locator(".jp-NotebookPanel:visible .jp-Notebook").wait_for()
        page.evaluate(RUN_ALL)
        found = page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
        sync_api.expect(found).to_have_count(len(CELLS), timeout=PATIENCE)
        for i in range(len(CELLS)):
            prompt = found.nth(i).locator(".jp-InputPrompt").first
            sync_api.expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
        yield found
        chromium.close()


@pytest.fixture
def noise_lab(cells):
    return cells.nth(1)


@pytest.fixture
def training_lab(cells):
    return cells.nth(2)


def source(lab):
    return lab.locator("img.widget-image").get_attribute("src")


def changes(lab, before):
    """Wait until the lab's picture is another one, and loaded."""
    picture = lab.locator("img.widget-image")
    sync_api.expect(picture).not_to_have_attribute("src", before, timeout=PATIENCE)
    sync_api.expect(picture).to_have_js_property("complete", value=True, timeout=PATIENCE)
    assert picture.evaluate("picture => picture.naturalWidth") > 0


def box(lab, name):
    return lab.get_by_role("spinbutton", name=name, exact=True).locator("visible=true")


def slider(lab, name):
    """The slider below the number box of this name."""
    number = lab.page.get_by_role("spinbutton", name=name, exact=True).locator("visible=true")
    return lab.locator(".widget-vbox").filter(has=number).last.get_by_role("slider")


def test_the_notebook_runs_without_an_error(cells):
    assert cells.page.locator(ERROR).count() == 0
    assert cells.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    for lab in (cells.nth(1), cells.nth(2)):
        sync_api.expect(lab.locator("img.widget-image")).to_be_visible(timeout=PATIENCE)


def test_every_control_has_a_role_and_a_name(noise_lab, training_lab):
    controls = {
        noise_lab: {"spinbutton": ("Image", "Seed", "p", "Mean", "σ"), "combobox": ("Noise",),
                    "checkbox": ("Same draw each time",)},
        training_lab: {"spinbutton": ("Noise p·σ", "Images n", "Epochs"), "combobox": ("Network", "Recipe"),
                       "button": ("Train", "Stop", "Reset")},
    }  # fmt: skip
    for lab, roles in controls.items():
        for role, names in roles.items():
            for name in names:
                found = lab.get_by_role(role, name=name, exact=True).locator("visible=true")
                sync_api.expect(found, f"{role} {name!r}").to_have_count(1, timeout=PATIENCE)
                sync_api.expect(found, f"{role} {name!r}").to_be_enabled()


def test_a_slider_moves_by_keyboard_and_by_its_number_box(noise_lab):
    before, value = source(noise_lab), box(noise_lab, "p").input_value()
    slider(noise_lab, "p").press("ArrowRight")
    changes(noise_lab, before)
    sync_api.expect(box(noise_lab, "p")).not_to_have_value(value)
    before = source(noise_lab)
    box(noise_lab, "p").fill("0.7")
    box(noise_lab, "p").press("Enter")
    changes(noise_lab, before)
    sync_api.expect(slider(noise_lab, "p")).to_have_attribute("aria-valuenow", "0.7")
    sync_api.expect(noise_lab.get_by_text("z = x + 0.7·n")).to_be_visible()


def test_the_noise_model_is_switched_by_its_menu_and_brings_its_own_sliders(noise_lab):
    before = source(noise_lab)
    noise_lab.get_by_role("combobox", name="Noise", exact=True).select_option("shot")
    changes(noise_lab, before)
    sync_api.expect(box(noise_lab, "Photons at x = 1")).to_have_count(1)
    sync_api.expect(box(noise_lab, "p")).to_have_count(0)


def test_a_training_is_watched_and_stopped(training_lab):
    training_lab.get_by_role("combobox", name="Network", exact=True).select_option("dense")
    box(training_lab, "Epochs").fill("100")
    box(training_lab, "Epochs").press("Enter")
    sync_api.expect(training_lab.get_by_text("100 epochs of 8 steps")).to_be_visible(timeout=PATIENCE)
    before = source(training_lab)
    training_lab.get_by_role("button", name="Train", exact=True).press("Enter")
    seen = training_lab.get_by_text(re.compile(r"Epoch \d+ of 100, .*validation SSIM"))
    sync_api.expect(seen).to_be_visible(timeout=PATIENCE)
    changes(training_lab, before)
    sync_api.expect(box(training_lab, "Epochs")).to_be_disabled()
    training_lab.get_by_role("button", name="Stop", exact=True).press("Enter")
    ended = training_lab.get_by_text(re.compile(r"Stopped after \d+ of 100 epochs.* Kept: the weights of epoch \d+"))
    sync_api.expect(ended).to_be_visible(timeout=PATIENCE)
    sync_api.expect(box(training_lab, "Epochs")).to_be_enabled()
    training_lab.get_by_role("button", name="Reset", exact=True).click()
    sync_api.expect(box(training_lab, "Epochs")).to_have_value("10", timeout=PATIENCE)
    assert training_lab.page.locator(ERROR).count() == 0
