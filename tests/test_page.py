"""The labs in one web page, opened from a file in headless Chromium: what it computes, and how it is used."""

import base64
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from make_page import SOURCES, TEST_SEED, TRAIN, TRAIN_SEED, bundle, page
from scipy.stats import norm

from cdae_lessons import datasets, denoisers, lesions, metrics, noise, training, weights

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs Chromium: apt-get install chromium, or Google Chrome", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
expect = sync_api.expect
PATIENCE = 600_000  # milliseconds, for what takes a few seconds where nothing else runs
expect.set_options(timeout=PATIENCE)

NODE = SOURCES / "node_modules"
LABS = {"noise": "Noise and denoise", "lesion": "Which lesion was invented?", "training": "Train one yourself",
        "average": "The average of all brains", "pixel": "One pixel, two grey levels"}  # fmt: skip
CONTROLS = {  # of each lab, by role
    "noise": {"slider": ("Image", "Strength σ", "Noise draw"), "combobox": ("Kind of noise",), "img": 13},
    "lesion": {"slider": ("Noise σ",), "button": ("A lesion is there", "No lesion is there"), "img": 2},
    "training": {"slider": ("Training images", "Noise σ"), "button": ("Train", "Stop", "Reset"), "img": 5},
    "average": {"slider": ("Noise σ", "Noise draw"), "combobox": ("Who is in the scanner",), "img": 6},
    "pixel": {"slider": ("Measured z", "Noise σ", "Share of bright pixels"), "img": 2},
}
AXE = """async () => {
  const { violations, passes } = await axe.run();
  return [violations.map(v => [v.id, v.nodes.map(n => n.html + n.failureSummary)]), passes.length];
}"""
ARRAY = "text => new Float32Array(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer)"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "labs.html"
    path.write_text(page(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--js-flags=--expose-gc"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def opened(file, browser):
    """Opens the page at a lab, in a window of its own; `opened.requests` and `opened.complaints` hold what happened."""
    windows, requests, complaints = [], [], []

    def opened(lab="noise", **how):
        window = browser.new_context(**{"locale": "en", "viewport": {"width": 1280, "height": 900}} | how)
        windows.append(window)
        tab = window.new_page()
        tab.on("request", lambda sent: requests.append(sent.url))
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.set_default_timeout(PATIENCE)
        tab.goto(f"{file.as_uri()}#{lab}")
        ready(tab)
        return tab

    opened.requests, opened.complaints = requests, complaints
    yield opened
    for window in windows:
        window.close()


def ready(tab):
    expect(tab.locator("#panel .lab:not([aria-busy=true])")).to_be_visible()


@pytest.fixture(scope="module")
def tab(opened):
    """A page for what is only computed."""
    return opened()


@pytest.fixture(scope="module")
def compute(tab):
    """Calls a function of the page's modules with arrays, and brings back the array that it returns."""

    def compute(source, *arrays, **values):
        texts = [base64.b64encode(np.asarray(a, np.float32).tobytes()).decode() for a in arrays]
        call = f"([texts, values]) => {{ const f = {source}; return [...f(...texts.map({ARRAY}), values)]; }}"
        return np.array(tab.evaluate(call, [texts, values]))

    return compute


@pytest.fixture(scope="module")
def images():
    clean = datasets.load("brain", n=20, seed=TEST_SEED).images
    levels = np.geomspace(0.05, 1, 20, dtype=np.float32)[:, np.newaxis, np.newaxis]
    return clean, clean + levels * np.random.default_rng(0).standard_normal(clean.shape, dtype=np.float32)


# What the page is


def test_it_is_one_small_file(file):
    assert file.stat().st_size <= 700_000
    text = file.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"(?!data:)", text)
    for licence in ("ICBM 152", "McConnell Brain Imaging Centre", "Gondara (2016)", "BSD-3-Clause", "CC BY 4.0"):
        assert licence in text


def test_a_module_that_cannot_be_bundled_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("make_page.SOURCES", tmp_path)
    (tmp_path / "other.js").write_text("export const ONE = 1;\n", encoding="utf-8")
    (tmp_path / "main.js").write_text('import { ONE as one } from "./other.js";\none;\n', encoding="utf-8")
    assert "const { ONE: one } = labs.other;" in bundle("main")
    (tmp_path / "main.js").write_text('import * as other from "./other.js";\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"main\.js: expected import"):
        bundle("main")


def test_the_types_of_the_sources_agree():
    compiler = NODE / "typescript" / "bin" / "tsc"
    if not compiler.exists() or shutil.which("node") is None:
        pytest.skip("needs node and npm, which install TypeScript: npm ci --prefix docs/page")
    done = subprocess.run(["node", compiler, "-p", SOURCES], capture_output=True, text=True)
    assert done.stdout == ""


def test_both_languages_say_the_same():
    en, ko = (
        dict(re.findall(r'^  (\w+):\s*"((?:[^"\\]|\\.)*)",$', (SOURCES / f"strings_{of}.js").read_text("utf-8"), re.M))
        for of in ("en", "ko")
    )
    assert len(en) > 90
    assert [*en] == [*ko]
    for key, text in en.items():
        assert {*re.findall(r"\{\w+\}", text)} == {*re.findall(r"\{\w+\}", ko[key])}, key


# What it computes


@pytest.mark.trains
def test_the_network_is_keras_s(tab, images):
    expected = training.denoise(weights.load(), images[1])
    unpacked = "labs.data.unpack(document.getElementById('data').textContent)"
    compute_all = f"""async texts => {{
      const network = labs.network.build((await {unpacked}).weights);
      return texts.map({ARRAY}).map(z => [...labs.network.denoise(network, z, 64)]);
    }}"""
    texts = [base64.b64encode(z.tobytes()).decode() for z in images[1]]
    found = np.reshape(tab.evaluate(compute_all, texts), expected.shape)
    assert np.abs(found - expected).max() < 1e-5


def test_the_images_are_the_course_s(tab):
    found = tab.evaluate("""async () => {
      const { test, train } = await labs.data.unpack(document.getElementById('data').textContent);
      return [test.length, train.length, [...test[11]], [...train[99]]];
    }""")
    assert found[:2] == [12, TRAIN]
    for pixels, seed, index in ((found[2], TEST_SEED, 11), (found[3], TRAIN_SEED, 99)):
        expected = datasets.load("brain", n=index + 1, seed=seed).images[index]
        assert np.abs(np.reshape(pixels, expected.shape) - expected).max() <= 0.5 / 255 + 1e-6


def test_scores_are_scikit_image_s(compute, images):
    for x, z in zip(*images, strict=True):
        found = compute("(x, z) => [labs.scores.ssim(x, z, 64), labs.scores.psnr(x, z)]", x, z)
        row = metrics.score(x[np.newaxis], z[np.newaxis], data_range=1).iloc[0]
        assert np.abs(found - [row["ssim"], row["psnr"]]).max() < 1e-4


@pytest.mark.parametrize(
    ("call", "name", "parameters", "largest"),
    [
        ("median(z, 64, 5)", "median", {"size": 5}, 1e-6),
        ("gaussian(z, 64, 1.4)", "gaussian", {"width": 1.4}, 1e-6),
        ("totalVariation(z, 64, 0.3)", "tv", {"weight": 0.3}, 2e-3),  # float32 there stops a round sooner or later
        # scikit-image's exponential is a quick one, off by some per cent.
        ("nlMeans(z, 64, {h: .2, sigma: .3, patch_distance: 6})", "nl_means",
         {"h": 0.2, "sigma": 0.3, "patch_distance": 6}, 0.02),
    ],
)  # fmt: skip
def test_filters_are_the_course_s(compute, images, call, name, parameters, largest):
    z = images[1][8:12]
    expected = denoisers.denoise(name, z, **parameters)
    found = np.array([compute(f"z => labs.filters.{call}", each).reshape(64, 64) for each in z])
    assert np.abs(found - expected).max() < largest
    assert np.abs(found - z).max() > 0.2


@pytest.mark.parametrize(
    ("kind", "parameter", "level"),
    [("gaussian", "sigma", 0.3), ("shot", "peak", 40), ("rician", "sigma", 0.3), ("salt_and_pepper", "p", 0.2)],
)
def test_noise_has_the_course_s_mean_and_spread(compute, kind, parameter, level):
    grey = np.repeat(np.float32([0.1, 0.3, 0.8]), 20_000)
    found = compute(
        "(x, of) => labs.noise.NOISES[of.kind](x, of.level, labs.random.random(3))", grey, kind=kind, level=level
    )
    how = {parameter: level} | ({"p": 1} if kind == "gaussian" else {})
    expected = noise.NOISES[kind](grey.reshape(3, 100, 200), **how, rng=0).reshape(3, -1)
    for mine, theirs in zip(found.reshape(3, -1), expected, strict=True):
        spread = theirs.std()
        assert abs(mine.mean() - theirs.mean()) < 0.05 * spread
        assert abs(mine.std() / spread - 1) < 0.03
        assert abs(np.corrcoef(mine[1:], mine[:-1])[0, 1]) < 0.03


def test_a_seed_brings_the_noise_back(compute):
    draw = "(x, of) => labs.noise.NOISES.gaussian(x, 1, labs.random.random(of.seed))"
    first, again, other = (compute(draw, np.zeros(50), seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first - other).min() > 0


def test_gradients_are_finite_differences(tab):
    largest, biggest = tab.evaluate("""() => {
      const { start, gradients } = labs.training, rng = labs.random.random(5), size = 8;
      const draw = () => Float64Array.from({ length: size * size }, () => rng.uniform());
      const layers = start(rng), noisy = [draw(), draw()], clean = [draw(), draw()];
      for (const { bias } of layers) bias.forEach((_, i) => (bias[i] = 0.1 * rng.normal()));
      const found = gradients(layers, noisy, clean, size).gradients;
      let largest = 0, biggest = 0;
      layers.flatMap(({ kernel, bias }) => [kernel, bias]).forEach((weights, k) => weights.forEach((w, i) => {
        const at = v => { weights[i] = v; return gradients(layers, noisy, clean, size).loss; };
        const slope = (at(w + 1e-6) - at(w - 1e-6)) / 2e-6;
        weights[i] = w;
        largest = Math.max(largest, Math.abs(slope - found[k][i]));
        biggest = Math.max(biggest, Math.abs(slope));
      }));
      return [largest, biggest];
    }""")
    assert largest < 1e-6 * max(1, biggest)
    assert biggest > 0.01


def test_the_average_is_the_course_s(compute):
    train = datasets.load("brain", n=30, seed=TRAIN_SEED).images
    z = noise.gaussian(datasets.load("brain", n=1, seed=TEST_SEED).images, p=1, sigma=3, rng=0)
    weigh = """(z, all) => {
      const images = Array.from({ length: 30 }, (_, i) => all.slice(4096 * i).slice(0, 4096));
      return labs.average.plausibility(z, images, 3);
    }"""
    shares = compute(weigh, z, train)
    assert np.abs(np.tensordot(shares, train, 1) - denoisers.training_average(z, images=train, sigma=3)[0]).max() < 1e-5
    assert 1 < 1 / (shares**2).sum() < 30


def test_the_pixel_s_best_guess_is_the_notebooks_(compute):
    from cdae_lessons.widgets.posterior import posterior_case

    z = np.linspace(-0.5, 1.5, 21)
    found = compute("(z) => Array.from(z, v => labs.pixel.posterior(v, 0.25, 0.1).guess)", z)
    assert np.abs(found - posterior_case(z, sigma=0.25, bright=0.1)["average"]).max() < 1e-6


def test_the_lesion_and_the_ideal_observer_are_the_course_s(compute, images):
    x = images[0][0]
    ill = lesions.insert(x[np.newaxis], centre=(40, 30), radius=3, contrast=0.3)[0]
    assert np.abs(compute("x => labs.lesion.insert(x, 64, [40, 30])", x).reshape(64, 64) - ill).max() < 1e-6
    at = np.linspace(-3, 3, 13)
    assert np.abs(compute("x => Array.from(x, labs.lesion.normalShare)", at) - norm.cdf(at)).max() < 1e-6
    judged = """(x, ill) => {
      const rng = labs.random.random(7);
      let right = 0, limit = 0;
      for (let i = 0; i < 2000; i++) {
        const present = i % 2 === 1, scan = (present ? ill : x).map(v => v + 0.6 * rng.normal());
        const observer = labs.lesion.idealObserver(scan, x, ill, 0.6);
        right += observer.says === present;
        limit = observer.limit;
      }
      return [right / 2000, limit];
    }"""
    share, limit = compute(judged, x, ill)
    assert limit == pytest.approx(norm.cdf(np.linalg.norm(ill - x) / (2 * 0.6)), abs=1e-5)
    assert abs(share - limit) < 4 * np.sqrt(limit * (1 - limit) / 2000)


def test_where_the_page_says_so_a_filter_or_even_the_scan_wins(tab):
    scores = tab.evaluate("""async () => {
      const data = await labs.data.unpack(document.getElementById('data').textContent);
      const world = { data, network: labs.network.build(data.weights) };
      const mean = (noise, level) => {
        const sums = {};
        for (let image = 0; image < 4; image++) {
          const of = { image, noise, level, seed: image };
          for (const task of ['filters', 'network'])
            for (const [name, { psnr }] of Object.entries(labs.worker.TASKS[task](world, of)))
              sums[name] = (sums[name] ?? 0) + psnr / 4;
        }
        return sums;
      };
      return [['gaussian', 0.05], ['gaussian', 0.3], ['salt_and_pepper', 0.1], ['rician', 0.17], ['shot', 1000]]
        .map(of => mean(...of));
    }""")
    weak, usual, dead, mri, dose = scores
    assert min(weak["nl_means"], weak["tv"]) > weak["network"]
    assert max(usual, key=usual.get) == "network"
    assert dead["median"] > max(dead["network"], dead["tv"], dead["nl_means"]) + 1
    assert min(mri[name] for name in ("median", "gaussian", "tv", "nl_means")) > mri["network"]
    assert dose["noisy"] > dose["network"]


# How it is used


@pytest.mark.parametrize("lab", LABS)
def test_every_control_has_a_role_and_a_name(opened, lab):
    tab = opened(lab)
    panel = tab.get_by_role("tabpanel", name=LABS[lab])
    for role in ("slider", "combobox", "button"):
        names = CONTROLS[lab].get(role, ())
        expect(panel.get_by_role(role)).to_have_count(len(names))
        for name in names:
            expect(panel.get_by_role(role, name=name, exact=True)).to_have_count(1)
    pictures = panel.get_by_role("img")
    expect(pictures).to_have_count(CONTROLS[lab]["img"])
    assert all(picture.get_attribute("aria-label") for picture in pictures.all())
    for slider in panel.get_by_role("slider").all():
        assert slider.get_attribute("aria-valuetext")
    expect(tab.get_by_role("tab")).to_have_text([*LABS.values()])
    expect(tab.get_by_role("combobox", name="Language")).to_have_value("en")


def test_by_keyboard_alone(opened):
    tab = opened()
    tab.keyboard.press("Tab")
    expect(tab.get_by_label("Language")).to_be_focused()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("tab", selected=True)).to_be_focused()
    for key, lab in (("ArrowRight", "lesion"), ("End", "pixel"), ("ArrowRight", "noise"), ("ArrowLeft", "pixel")):
        tab.keyboard.press(key)
        expect(tab.get_by_role("tab", name=LABS[lab])).to_be_focused()
        expect(tab.get_by_role("tab", selected=True)).to_have_text(LABS[lab])
        expect(tab.get_by_role("heading", level=2)).to_have_text(LABS[lab])
    tab.keyboard.press("Tab")
    z = tab.get_by_role("slider", name="Measured z")
    expect(z).to_be_focused()
    tab.keyboard.press("ArrowRight")
    expect(z).to_have_attribute("aria-valuetext", "0.65")
    expect(tab.get_by_role("status")).to_contain_text("= 0.74")
    tab.keyboard.press("End")
    expect(z).to_have_attribute("aria-valuetext", "1.50")


def test_noise_and_denoise(opened):
    tab = opened()
    status, network = tab.get_by_role("status"), tab.get_by_role("img", name=re.compile("^network: PSNR"))
    expect(status).to_contain_text("Best here: network by PSNR, network by SSIM.")
    before = network.get_attribute("aria-label")
    tab.get_by_label("Noise draw").press("ArrowRight")
    expect(network).not_to_have_attribute("aria-label", before)
    tab.get_by_label("Kind of noise").select_option("salt_and_pepper")
    expect(tab.get_by_label("Share of pixels")).to_have_attribute("aria-valuetext", "0.1")
    expect(status).to_contain_text("Best here: median by PSNR, median by SSIM.")


def test_lesions_are_voted_on_before_they_are_seen(opened):
    tab = opened("lesion")
    status = tab.get_by_role("status")
    truth = tab.get_by_role("img", name="truth")
    you = observer = 0
    for number in range(1, 11):
        expect(tab.get_by_role("heading", level=3)).to_have_text(f"Round {number} of 10")
        expect(truth).to_have_count(0)
        tab.get_by_role("button", name="No lesion is there" if number % 2 else "A lesion is there").press("Enter")
        expect(truth).to_be_visible()
        said = status.first.text_content()
        you += said.startswith("You are right")
        observer += "ideal observer is right" in said
        assert ("no lesion was put in" in said) == (said.startswith("You are right") == bool(number % 2))
        if number < 10:
            expect(status.last).to_have_text(f"You {you} of {number}, the ideal observer {observer} of {number}.")
            expect(tab.get_by_role("button", name="Next round")).to_be_focused()
            tab.keyboard.press("Enter")
            ready(tab)
    expect(status.last).to_contain_text(f"right in {you} of 10 rounds, the ideal observer in {observer};")
    expect(tab.get_by_role("button", name="Play again")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=3)).to_have_text("Round 1 of 10")
    expect(status.last).to_be_empty()


@pytest.mark.trains
def test_a_network_trained_here_passes_the_tuned_filter(opened):
    tab = opened("training")
    tab.get_by_role("button", name="Train").press("Enter")
    expect(tab.get_by_role("button", name="Stop")).to_be_focused()
    expect(tab.get_by_label("Training images")).to_be_disabled()
    tab.evaluate("globalThis.alive = 0; setInterval(() => alive++, 20)")  # in a worker: the page goes on
    expect(tab.get_by_text(re.compile(r"Step \d+ of 300"))).to_be_visible()
    status = tab.get_by_role("status")
    expect(status).to_contain_text("the network is ahead.")
    ours, filters = map(float, re.search(r"Test error (\S+); Gaussian filter (\S+):", status.text_content()).groups())
    assert ours < 0.9 * filters
    assert tab.evaluate("alive") > 20


def test_a_training_is_stopped_and_reset(opened):
    tab = opened("training")
    train, stop = (tab.get_by_role("button", name=name, exact=True) for name in ("Train", "Stop"))
    train.click()
    expect(tab.get_by_text(re.compile(r"Step \d+ of 300"))).to_be_visible()
    stop.press("Enter")
    expect(tab.get_by_role("status")).to_contain_text("Stopped after step")
    expect(train).to_be_focused()
    expect(stop).to_be_disabled()
    said = tab.get_by_role("status").text_content()
    tab.wait_for_timeout(200)
    expect(tab.get_by_role("status")).to_have_text(said)
    tab.get_by_role("button", name="Reset").click()
    expect(tab.get_by_role("status")).to_have_text("Not trained yet.")
    expect(tab.get_by_role("progressbar")).to_have_js_property("value", 0)


def test_nobody_in_the_scanner_becomes_a_brain(opened):
    tab = opened("average")
    tab.get_by_label("Who is in the scanner").select_option("nobody")
    tab.get_by_label("Noise σ").press("End")
    expect(tab.get_by_role("img", name="truth: nobody")).to_be_visible()
    ready(tab)
    used = float(re.match(r"(\S+) of 100", tab.get_by_role("status").text_content())[1])
    assert used > 10
    mean = "canvas => canvas.getContext('2d').getImageData(80, 80, 96, 96).data.reduce((a, v) => a + v / 36864, 0)"
    assert tab.get_by_role("img", name="weighted average").evaluate(mean) > 100


def test_korean_is_chosen_by_the_browser_or_the_reader(opened):
    tab = opened(locale="ko-KR")
    expect(tab.locator("html")).to_have_attribute("lang", "ko")
    expect(tab.get_by_text("원어민의 검토")).to_be_visible()
    tab.get_by_label("잡음 번호").press("ArrowRight")
    tab.get_by_label("언어").select_option("en")
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    expect(tab.get_by_label("Language")).to_be_focused()
    expect(tab.get_by_label("Noise draw")).to_have_attribute("aria-valuetext", "1")  # settings stay
    assert "undefined" not in tab.locator("body").inner_text()


@pytest.mark.parametrize("locale", ["en", "ko"])
def test_it_fits_a_telephone(opened, locale):
    tab = opened(viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True, locale=locale)
    for lab in LABS:
        tab.locator(f"#tab-{lab}").tap()
        ready(tab)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), lab
        for control in tab.locator("button:visible, select:visible, input:visible").all():
            assert control.bounding_box()["height"] >= 32, control


def test_it_prints_without_its_buttons(opened):
    tab = opened("lesion", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(tab.get_by_role("button")).to_have_count(0)
    expect(tab.get_by_role("img", name="noisy scan")).to_be_visible()


def test_nothing_moves_where_the_reader_wants_none(opened):
    durations = "[...document.querySelectorAll('*')].map(e => getComputedStyle(e).transitionDuration)"
    still, moving = (opened(reduced_motion=how).evaluate(durations) for how in ("reduce", "no-preference"))
    assert {*still} == {"0s"}
    assert {*moving} > {"0s"}


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ko")])
def test_axe_finds_nothing(opened, scheme, language, record_property):
    axe = NODE / "axe-core" / "axe.min.js"
    if not axe.exists():
        pytest.skip("needs npm, which installs axe-core: npm ci --prefix docs/page")
    tab = opened(color_scheme=scheme, locale=language, reduced_motion="reduce")
    tab.evaluate(axe.read_text(encoding="utf-8"))
    passed = 0
    for lab in LABS:
        tab.locator(f"#tab-{lab}").click()
        ready(tab)
        if lab == "lesion":
            tab.locator(".buttons button:enabled").first.click()
        found = tab.evaluate(AXE)
        assert found[0] == [], lab
        passed += found[1]
    record_property("summary", f"axe, {scheme}, {language}: 0 violations, {passed} rules passed in {len(LABS)} labs")


def test_a_thousand_moves_leave_no_memory_behind(opened):
    tab = opened("average")
    move = """async moves => {
      const input = [...document.querySelectorAll('label')].find(l => l.textContent === 'Noise σ').control;
      for (let i = 0; i < moves; i++) {
        input.value = Number(input.min) + (i % 50) / 50 * (input.max - input.min);
        input.dispatchEvent(new Event('input'));
        await new Promise(done => setTimeout(done));
      }
    }"""
    used = []
    for moves in (100, 1000):
        tab.evaluate(move, moves)
        ready(tab)
        used.append(tab.evaluate("() => { gc(); return performance.memory.usedJSHeapSize; }"))
    assert used[1] - used[0] < 2e6


def test_nothing_was_asked_of_anybody(opened, tab, file):
    """Last: of all that the tests above did."""
    others = {url for url in opened.requests if not url.startswith((file.as_uri(), "blob:"))}
    assert others == set()
    assert opened.complaints == []
    refused = tab.evaluate("fetch('data:,').then(() => 'let through', error => error.name)")
    assert refused == "TypeError"
    assert json.dumps(opened.complaints) != "[]"  # the policy complains of it
