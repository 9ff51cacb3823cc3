"""The lectures in a browser: each slide fits, what moves begins anew, and the notes open without a network."""

import shutil
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs Chromium: apt-get install chromium, or Google Chrome", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
pytest.importorskip("sphinx_revealjs", reason="needs reveal.js: make lectures installs it")
import make_lectures as tool  # noqa: E402

LECTURES = sorted((Path(__file__).parents[1] / "instructor" / "lectures").glob("*.md"))
MEASURE = """async k => {
    Reveal.slide(k);
    const slide = Reveal.getCurrentSlide(), image = slide.querySelector("img"), box = slide.getBoundingClientRect();
    if (image) await image.decode();
    const inside = [...slide.querySelectorAll("div, h1, h2, p, li, table, img")].every(part => {
        const {left, right, top, bottom} = part.getBoundingClientRect();
        return left >= 0 && right <= 1280 && top >= 0 && bottom <= box.bottom + 1;
    });
    const size = part => parseFloat(getComputedStyle(part).fontSize);
    const letters = [...slide.querySelectorAll("p, li, td, th")].map(size);
    return {inside, letters: Math.min(40, ...letters), height: image ? image.clientHeight : 720};
}"""


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=LECTURES, ids=lambda path: path.stem)
def page(request, chromium, tmp_path_factory):
    """A lecture, opened from a file as on a laptop in a lecture hall; what it asks of a network is noted."""
    folder = tmp_path_factory.mktemp("lectures")
    tool.main(["--to", str(folder), str(request.param)])
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    page.asked = []
    context.on("request", lambda asked: page.asked.append(asked.url))
    page.goto((folder / f"{request.param.stem}.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    yield page
    context.close()


def test_every_slide_fits_and_can_be_read(page):
    for k in range(page.evaluate("Reveal.getTotalSlides()")):
        slide = page.evaluate(MEASURE, k)
        assert slide["inside"], k
        assert slide["letters"] >= 32, k
        assert slide["height"] >= 300, k
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_what_moves_begins_anew_and_notes_open(page):
    page.evaluate(
        "Reveal.slide([...document.querySelectorAll('section')].findIndex(slide => slide.querySelector('img')))"
    )
    shown = page.locator("section.present img")
    before = shown.get_attribute("src")
    shown.click()
    assert before.rpartition("#")[0] == shown.get_attribute("src").rpartition("#")[0]
    assert before != shown.get_attribute("src")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    note = page.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes').innerText.slice(0, 40)")
    sync_api.expect(opened.value.locator(".speaker-controls-notes")).to_contain_text(note)
