"""The labs as a student meets them, in headless Chromium: in JupyterLab, and on the page of `make playground`."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs Chromium: apt-get install chromium, or Google Chrome", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: make setup")
expect = sync_api.expect

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "playground" / "labs.ipynb"
LABS = (
    "noise",
    "metric",
    "weights",
    "code",
    "posterior",
    "denoise",
    "lesion",
    "dose",
    "samples",
    "training",
    "sample size",
    "network",
)  # in its order
ORDER_LAB = """from cdae_lessons import checks, widgets
widgets.order_lab(checks.EXPERIMENT_STEPS, checks.check_experiment_order)"""
CONTROLS = {
    "noise": {"spinbutton": ("Image", "Seed", "p", "Mean", "σ"), "combobox": ("Cohort", "Noise"),
              "checkbox": ("Same draw each time",)},
    "metric": {"spinbutton": ("Image", "Blur σ, pixels", "Shift, pixels", "Contrast, times", "Noise σ",
                              "Dot, grey levels")},
    "weights": {"spinbutton": ("Image", "Row", "Column", "Strength", "Noise σ", "Noise seed"),
                "combobox": ("Denoiser",)},
    "code": {"spinbutton": ("Image", "h1", "h2"), "combobox": ("Code size",)},
    "posterior": {"spinbutton": ("Measured z", "Noise σ", "Share of bright")},
    "denoise": {"spinbutton": ("Image", "Noise σ", "Noise seed"), "combobox": ("Method",)},
    "lesion": {"spinbutton": ("Image", "Row", "Column", "Radius, pixels", "Contrast", "Noise σ", "Noise seed")},
    "dose": {"spinbutton": ("Image", "Full dose over", "Lesion contrast", "Photon seed"), "combobox": ("Filter",)},
    "samples": {"spinbutton": ("Image", "Noise σ", "Samples", "Scan number"), "combobox": ("Scanned",),
                "button": ("Draw another sample",)},
    "training": {"spinbutton": ("Noise p·σ", "Images n", "Epochs"), "combobox": ("Network", "Recipe"),
                 "button": ("Train", "Stop", "Reset")},
    "sample size": {"spinbutton": ("Images n", "Seed", "Steps"), "combobox": ("Train on",),
                    "button": ("Train", "Stop", "Reset")},
    "network": {"spinbutton": ("Poolings", "Noise σ", "Steps"), "checkbox": ("Skips", "Predicts the noise"),
                "button": ("Train", "Stop", "Reset")},
}  # fmt: skip
RUN_ALL = """async () => {
  const app = window.jupyterapp; await app.restored;
  const context = app.shell.currentWidget.context; await context.ready;
  await context.sessionContext.ready;
  await context.sessionContext.session.kernel.info;   // 'idle' alone is no proof that the kernel answers
  await app.commands.execute('notebook:run-all-cells');
}"""
ALL_THERE = """([labs, complaints]) =>
  document.querySelectorAll("img.widget-image").length == labs || document.querySelector(complaints)
"""
COMPLAINTS = ":is([data-mime-type$='error'], [data-mime-type$='stderr'])"
PATIENCE = 600_000  # milliseconds, for what takes a few seconds where nothing else runs
expect.set_options(timeout=PATIENCE)


def jupyterlab(folder, port):
    return (
        "jupyterlab", "--no-browser", "--expose-app-in-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    )  # fmt: skip


def voila(folder, port):
    return (
        "voila", str(folder / NOTEBOOK.name), "--no-browser", "--token", "--Voila.ip=127.0.0.1", f"--port={port}",
        "--Voila.port_retries=0",
    )  # fmt: skip


def until_it_answers(address, process, log):
    for _ in range(2000):
        try:
            with urllib.request.urlopen(address, timeout=60):  # noqa: S310 our own server
                return
        except OSError:
            try:
                process.wait(0.3)
            except subprocess.TimeoutExpired:
                continue
        break
    pytest.fail(f"The server does not answer:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module", params=[jupyterlab, voila], ids=lambda server: server.__name__)
def server(request, tmp_path_factory):
    """One of the two servers, in a folder of its own: its name, address and token. One more lab is in the notebook."""
    name = request.param.__name__
    if find_spec(name) is None:
        pytest.skip(f"needs {name}: pip install {name}")
    folder = tmp_path_factory.mktemp(name)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ORDER_LAB))
    nbformat.write(notebook, folder / NOTEBOOK.name)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    own = {variable: str(folder / variable.lower()) for variable in folders}
    own |= {"JUPYTER_TOKEN": secrets.token_hex(16), "PYTHONPATH": str(ROOT)}
    own |= {"OMP_NUM_THREADS": "1"}  # where others compute as well, several threads only wait for each other
    log = folder / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *request.param(folder, port)], env=os.environ | own, stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        until_it_answers(f"{address}/login", process, log)
        yield name, address, own["JUPYTER_TOKEN"]
    finally:
        process.terminate()
        process.wait(300)


@pytest.fixture(scope="module")
def page(server):
    """The notebook in the browser, once all of it has run; nothing but our own server can be reached from there."""
    name, address, token = server
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        # High enough for all labs at once: JupyterLab takes what one does not see off the page.
        page = chromium.new_page(viewport={"width": 900, "height": 6000})
        page.set_default_timeout(PATIENCE)
        page.route(lambda url: not url.startswith((address, "data:", "blob:")), lambda route: route.abort())
        if name == "jupyterlab":
            page.goto(f"{address}/lab/tree/{NOTEBOOK.name}?token={token}&reset")
            page.locator("#jupyterlab-splash").wait_for(state="detached")
            page.locator(".jp-NotebookPanel:visible .jp-Notebook").wait_for()
            page.evaluate(RUN_ALL)
        else:
            page.goto(f"{address}/?token={token}")
        page.wait_for_function(ALL_THERE, arg=[len(LABS), COMPLAINTS])
        yield page
        chromium.close()


@pytest.fixture
def lab(page):
    """Finds a lab on the page by its name."""
    outputs = page.locator(".jp-OutputArea-output", has=page.locator("img.widget-image"))
    return lambda name: outputs.nth(LABS.index(name))


def source(lab):
    return lab.locator("img.widget-image").get_attribute("src")


def changes(lab, before):
    """Wait until the lab's picture is another one, and loaded."""
    picture = lab.locator("img.widget-image")
    expect(picture).not_to_have_attribute("src", before)
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("picture => picture.naturalWidth") > 0


def control(lab, role, name):
    return lab.get_by_role(role, name=name, exact=True)


def box(lab, name):
    return control(lab, "spinbutton", name)


def slider(lab, name):
    """The slider below the number box of this name."""
    number = lab.page.get_by_role("spinbutton", name=name, exact=True)
    return lab.locator(".widget-vbox").filter(has=number).last.get_by_role("slider")


def test_without_the_token_nothing_is_shown(server):
    with urllib.request.urlopen(server[1]) as answer:  # noqa: S310 our own server
        assert "/login?" in answer.url


def test_all_labs_run_without_an_error(page, lab):
    assert page.locator(COMPLAINTS).all_text_contents() == []
    for name in LABS:
        expect(lab(name).locator("img.widget-image")).to_be_visible()
        expect(lab(name).locator("img")).to_have_count(1)  # and not the picture for pages without a kernel
    expect(page.locator("img.widget-image")).to_have_count(len(LABS))


@pytest.mark.parametrize("name", LABS)
def test_every_control_has_a_role_and_a_name(name, lab):
    roles = dict.fromkeys(("spinbutton", "combobox", "checkbox", "button"), ()) | CONTROLS[name]
    for role, names in roles.items():
        for each in names:
            found = control(lab(name), role, each)
            expect(found, f"{role} {each!r}").to_have_count(1)
            expect(found, f"{role} {each!r}").to_be_enabled()
        expect(lab(name).get_by_role(role), f"all of role {role}").to_have_count(len(names))
    for each in roles["spinbutton"]:
        expect(slider(lab(name), each), f"slider of {each!r}").to_have_count(1)


def test_a_slider_moves_by_keyboard_and_by_its_number_box(lab):
    noise = lab("noise")
    before = source(noise)
    slider(noise, "p").press("ArrowRight")
    changes(noise, before)
    expect(box(noise, "p")).to_have_value("0.15")
    before = source(noise)
    box(noise, "p").fill("0.7")
    box(noise, "p").press("Enter")
    changes(noise, before)
    expect(slider(noise, "p")).to_have_attribute("aria-valuenow", "0.7")
    expect(noise.get_by_text("z = x + 0.7·n")).to_be_visible()


def test_the_noise_model_is_switched_by_its_menu_and_brings_its_own_sliders(lab):
    noise = lab("noise")
    before = source(noise)
    control(noise, "combobox", "Noise").select_option("shot")
    changes(noise, before)
    expect(box(noise, "Photons at x = 1")).to_have_count(1)
    expect(box(noise, "p")).to_have_count(0)


@pytest.mark.parametrize("name", ["metric", "code", "denoise", "lesion"])
def test_another_image_is_shown(name, lab):
    before = source(lab(name))
    slider(lab(name), "Image").press("ArrowRight")
    changes(lab(name), before)
    expect(box(lab(name), "Image")).to_have_value("1")


def test_a_training_is_watched_and_stopped(page, lab):
    training = lab("training")
    control(training, "combobox", "Network").select_option("U-Net")  # slow enough to be stopped
    box(training, "Epochs").fill("100")
    box(training, "Epochs").press("Enter")
    expect(training.get_by_text("100 epochs of 12 steps")).to_be_visible()
    before = source(training)
    control(training, "button", "Train").press("Enter")
    expect(training.get_by_text(re.compile(r"Epoch \d+ of 100, .*validation SSIM"))).to_be_visible()
    changes(training, before)
    expect(box(training, "Epochs")).to_be_disabled()
    control(lab("sample size"), "button", "Train").press("Enter")
    expect(lab("sample size").get_by_text("already running in the training lab")).to_be_visible()
    control(training, "button", "Stop").press("Enter")
    ended = re.compile(r"Stopped after \d+ of 100 epochs.* Kept: the weights of epoch \d+")
    expect(training.get_by_text(ended)).to_be_visible()
    expect(box(training, "Epochs")).to_be_enabled()
    control(training, "button", "Reset").click()
    expect(box(training, "Epochs")).to_have_value("10")
    assert page.locator(COMPLAINTS).all_text_contents() == []


def test_steps_are_put_in_order_by_keyboard(page):
    check = page.get_by_role("button", name="Check the order")
    order = page.locator(".jp-OutputArea-output", has=check)
    box(order, "Step A").click()
    for number in "520634":  # Tab leads from step to step
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(number)
        page.keyboard.press("Tab")
    expect(order.get_by_text('answer = ["B", "E", "F", "A", "D"]')).to_be_visible()
    check.press("Enter")
    expect(order.get_by_text("not yet. Hint: with F the test images choose")).to_be_visible()
    for letter, number in {"A": 3, "B": 5, "C": 0, "D": 2, "E": 1, "F": 0, "G": 4}.items():
        box(order, f"Step {letter}").fill(str(number))
        box(order, f"Step {letter}").press("Enter")
    check.press("Enter")
    expect(order.get_by_text("An honest experiment: right.")).to_be_visible()
