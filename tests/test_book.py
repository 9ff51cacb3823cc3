"""The course's site: what stands on its pages, and each page in headless Chromium, with nothing but our own server."""

import base64
import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("furo", "jupyter_server_mathjax", "myst_nb", "numpydoc", "sphinx")
MISSING = [package for package in NEEDED if find_spec(package) is None]
if MISSING:
    pytest.skip(f"needs {', '.join(MISSING)}: pip install -e '.[book]'", allow_module_level=True)

import nbformat  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output  # noqa: E402

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = f"{PROJECT['project']['urls']['Repository']}/blob/{PROJECT['tool']['cdae-lessons']['ref']}"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PICTURE = (  # one grey pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
README = """\
# A course

[![Open in Colab](https://example.org/badge.svg)](https://example.org/course)
[![Licence](https://example.org/licence.svg)](LICENSE)

![A grey dot.](docs/dot.png) [Lesson](notebooks/00_small.ipynb), [its part](notebooks/00_small.ipynb#a-part).
"""


def make(root, to):
    """What `make book` runs: its exit status, and what it said."""
    command = [sys.executable, ROOT / "tools" / "make_book.py", "--root", root, "--to", to]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def course(tmp_path):
    """A course of one lesson."""
    folder = tmp_path / "course"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "docs").mkdir()
    (folder / "docs" / "dot.png").write_bytes(base64.b64decode(PICTURE))
    (folder / "LICENSE").write_text("Free.", encoding="utf-8")
    (folder / "README.md").write_text(README, encoding="utf-8")
    shown = new_output(
        "display_data", {"image/png": PICTURE}, metadata={"image/png": {"alt": 'A "dot", nothing else.', "width": 7}}
    )
    lesson = new_notebook(
        metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}},
        cells=[
            new_markdown_cell("# 0 · Small\n\nMath $x_1$, and the [licence](../LICENSE).\n\n## A part"),
            new_code_cell("plotting.show(dot)", outputs=[shown]),
        ],
    )
    nbformat.write(lesson, folder / "notebooks" / "00_small.ipynb")
    return folder


def test_figures_keep_their_description_and_links_lead_to_pages_or_to_the_repository(course, tmp_path):
    assert make(course, tmp_path / "site") == (0, f"{tmp_path / 'site' / 'index.html'}: 2 pages\n")
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    lesson = (tmp_path / "site" / "notebooks" / "00_small.html").read_text(encoding="utf-8")
    (picture,) = re.findall(r"<img [^>]*nothing else[^>]*>", lesson)
    assert 'alt="A &quot;dot&quot;, nothing else."' in picture
    assert 'width="7"' in picture
    assert not re.search(r"<a [^>]*>\s*<img", lesson)  # nothing larger to be seen
    assert 'alt="A grey dot."' in home
    for page in (home, lesson):
        assert f'href="{FILES}/LICENSE"' in page
    assert 'href="notebooks/00_small.html#a-part"' in home
    assert re.search(r'<a [^>]*href="https://example.org/course">Open in Colab</a> ·', home)
    assert "example.org/badge.svg" not in home


def test_in_the_students_bundle_the_instructors_links_lead_to_the_repository(course, tmp_path):
    links = "[kit](instructor), [guide](instructor/guide.md)"
    (course / "README.md").write_text(f"{README}\n{links}\n", encoding="utf-8")
    assert make(course, tmp_path / "site")[0] == 0
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert f'href="{FILES}/instructor/guide.md"' in home
    assert f'href="{FILES.replace("/blob/", "/tree/")}/instructor"' in home
    (course / "instructor").mkdir()
    assert make(course, tmp_path / "site")[0] == 1  # where it is not left out, the guide is missing


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("[nowhere](docs/nowhere.md)", "docs/nowhere.md"),
        ("[outside](../outside.md)", "../outside.md"),
        ("[no part](notebooks/00_small.ipynb#another-part)", "another-part"),
        ("![No picture.](docs/nothing.png)", "docs/nothing.png"),
    ],
)
def test_a_link_in_vain_is_an_error(course, tmp_path, wrong, said):
    (tmp_path / "outside.md").touch()
    (course / "README.md").write_text(f"{README}\n{wrong}\n", encoding="utf-8")
    status, text = make(course, tmp_path / "site")
    assert status == 1
    assert re.search(rf"index\.md.*WARNING.*{re.escape(said)}", text)


MODULE = '''
"""Noise; `gaussian` is one, and `LEVELS` are usual, of its `sigma`."""

LEVELS = (0.1, 0.3)
"""The usual ones for `sigma`, as in `noise.gaussian`."""


class Set:
    """Images; `images` are theirs."""

    images: list


def gaussian(images, *, sigma):
    """Add noise to a `Set`, or its `Set.images`.

    Parameters
    ----------
    images : ndarray of shape (N, H, W)
        The clean ones.
    sigma : float
        See `LEVELS`.
    """
    def inner():
        return images
    return inner
'''


@pytest.fixture
def package(course):
    """A package of one module for the course."""
    (course / "cdae_lessons").mkdir()
    (course / "cdae_lessons" / "__init__.py").write_text(
        'class InputError(Exception):\n    """Wrong."""\n', encoding="utf-8"
    )
    (course / "cdae_lessons" / "noise.py").write_text(MODULE, encoding="utf-8")
    (course / "cdae_lessons" / "datasets.py").write_text(
        '"""Sets."""\n\n\nclass Cohort:\n    """A set."""\n', encoding="utf-8"
    )
    return course


def test_the_reference_describes_every_public_name(package, tmp_path):
    assert make(package, tmp_path / "site") == (0, f"{tmp_path / 'site' / 'index.html'}: 5 pages\n")
    page = (tmp_path / "site" / "reference" / "noise.html").read_text(encoding="utf-8")
    for name in ("gaussian", "LEVELS", "Set"):
        assert f'id="cdae_lessons.noise.{name}"' in page
        assert f'href="#cdae_lessons.noise.{name}"' in page
    assert "inner" not in page
    assert '<span class="pre">sigma</span></code>, as in' in page  # a parameter leads nowhere


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("See `LEVELS`", "See `levels`", "gaussian:.*target not found: levels"),
        ("`Set.images`", "`Set.files`", "gaussian:.*target not found: Set.files"),
        ("of its `sigma`", "of its `width`", "noise:.*target not found: width"),
        ('"""The usual ones', '_ = """The usual ones', "noise.LEVELS: nothing is said of it"),
        ("images, *, sigma", "images, *, sigma, rng", "noise.gaussian: nothing is said of rng"),
        ('"""Noise;', '_ = """Noise;', "noise: nothing is said of it"),
        ("*, sigma):", "*, sigma) -> object:", "noise.gaussian: nothing is said of what it returns"),
    ],
)
def test_what_the_reference_lacks_is_an_error(package, tmp_path, right, wrong, said):
    assert MODULE.count(right) == 1
    text = MODULE.replace(right, wrong) + '\n\n__all__ = ["LEVELS", "Set", "gaussian"]\n'
    (package / "cdae_lessons" / "noise.py").write_text(text, encoding="utf-8")
    status, text = make(package, tmp_path / "site")
    assert status == 1
    assert re.search(said, text)


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/favicon.ico":  # every browser asks for one
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, served: its folder and its address."""
    folder = tmp_path_factory.mktemp("site")
    status, text = make(ROOT, folder)
    assert status == 0, text
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.02])
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium, or Google Chrome")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


LOOK = """async () => {
  if (window.MathJax) await new Promise(done => MathJax.Hub.Queue(done));
  const pictures = [...document.images];
  await Promise.allSettled(pictures.map(picture => { picture.loading = 'eager'; return picture.decode(); }));
  const all = what => [...document.querySelectorAll(what)];
  return {
    pictures: pictures.map(picture => [picture.src.slice(-80), picture.naturalWidth, picture.alt.trim()]),
    links: all('a[href]').map(link => link.href),
    ids: all('[id]').map(element => element.id),
    formulas: all('.math.notranslate').length,
    set: all('.math.notranslate .MathJax').length,
    refused: all('.merror, .MathJax_Error').map(element => element.textContent),
    tooWide: document.documentElement.scrollWidth - window.innerWidth,
  };
}"""


@pytest.fixture(scope="module")
def seen(site, browser):
    """What Chromium finds on each page, as wide as a telephone; and what it complains about."""
    folder, address = site
    page = browser.new_page(viewport={"width": 360, "height": 900})
    complaints, found = [], {}
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    ours = (f"{address}/", "data:", "blob:")
    page.on("request", lambda sent: None if sent.url.startswith(ours) else complaints.append(sent.url))
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix()
        if "_static/" not in name:
            page.goto(f"{address}/{name}")
            found[name] = page.evaluate(LOOK)
    page.close()
    return found, complaints


def test_every_lesson_has_its_page_and_no_solution_has(seen):
    lessons = {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {*seen[0]} >= lessons | {
        "index.html",
        "search.html",
        "reference/noise.html",
        "data/README.html",
        "docs/clusters.html",
    }
    assert not [name for name in seen[0] if "solutions" in name or "questions" in name]


def test_no_page_complains_or_asks_another_server(seen):
    assert seen[1] == []


def test_every_link_leads_to_a_page_and_to_a_place_on_it(site, seen, record_property):
    address, inside, broken = f"{site[1]}/", 0, []
    for name, page in seen[0].items():
        for link in page["links"]:
            if link.startswith(address):
                inside += 1
                path, _, place = link.removeprefix(address).partition("#")
                there = seen[0].get(path or "index.html")
                if there is None or (place and path != "labs.html" and place not in there["ids"]):
                    broken.append(f"{name}: {link}")
            elif not link.startswith("https://"):
                assert link.startswith("http://peipa.essex.ac.uk/"), link  # has no other
    assert broken == []
    pictures = sum(len(page["pictures"]) for page in seen[0].values())
    record_property("summary", f"site: {len(seen[0])} pages, {inside} links among them, {pictures} pictures")


def test_every_picture_is_there_and_described(seen):
    pictures = {name: page["pictures"] for name, page in seen[0].items()}
    assert not [(name, each) for name, of in pictures.items() for each in of if each[1] == 0 or not each[2]]
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        stored = nbformat.read(path, as_version=4).cells
        outputs = [output for cell in stored for output in cell.get("outputs", [])]
        alts = [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]
        assert [alt for _, _, alt in pictures[f"notebooks/{path.stem}.html"]] == [alt.strip() for alt in alts]


def test_search_engines_are_told_what_each_page_is(site):
    told = {}
    for path in sorted(site[0].rglob("*.html")):
        name, html = path.relative_to(site[0]).as_posix(), path.read_text(encoding="utf-8")
        if "_static/" in name:
            continue
        assert len(re.findall(r'<meta name="description" content="[^"]{20,}">', html)) == 1, name
        assert 'property="og:image" content="https://' in html, name
        (data,) = re.findall(r'<script type="application/ld\+json">(.+?)</script>', html, flags=re.DOTALL)
        told[name] = json.loads(data)
        assert told[name]["url"].endswith(name), name
    for name, data in told.items():  # what the profile TrainingMaterial asks for at least
        assert data["@context"] == "https://schema.org", name
        assert "LearningResource" in data["@type"], name
        assert data["http://purl.org/dc/terms/conformsTo"]["@id"].startswith("https://bioschemas.org/profiles/"), name
        assert all(isinstance(data[each], str) and data[each].strip() for each in ("name", "description")), name
        assert data["keywords"], name
        assert {*map(type, data["keywords"])} == {str}, name
        assert {"license", "author", "audience", "image", "learningResourceType"} <= {*data}, name  # recommended
    lessons = {name: data for name, data in told.items() if data["learningResourceType"] == "Jupyter notebook"}
    for name, data in told.items():
        assert data["inLanguage"] == ("ko" if name.startswith("ko/") else "en"), name
    assert lessons.pop("ko/notebooks/00_start_here.html")["url"].endswith("ko/notebooks/00_start_here.html")
    assert {*lessons} == {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    for name, data in lessons.items():
        assert data["isPartOf"]["@type"] == "Course", name
        assert re.fullmatch(r"PT\d+M", data["timeRequired"]), name
        assert len(data["teaches"]) > 60, name
    assert told["index.html"]["@type"] == ["Course", "LearningResource"]
    assert {part["url"] for part in told["index.html"]["hasPart"]} == {data["url"] for data in lessons.values()}


def test_formulas_are_set(seen):
    assert seen[0]["notebooks/01_autoencoders.html"]["formulas"] > 10
    for name, page in seen[0].items():
        assert (page["set"], page["refused"]) == (page["formulas"], []), name


def test_pages_fit_a_telephone(seen):
    assert {name: page["tooWide"] for name, page in seen[0].items() if page["tooWide"] > 0} == {}


def test_answers_are_folded(site, browser):
    page = browser.new_page()
    page.goto(f"{site[1]}/notebooks/02_noise_and_scores.html")
    answer = page.locator("details:not(.hide)").first
    assert answer.get_attribute("open") is None
    answer.locator("summary").click()
    assert answer.evaluate("answer => answer.open && answer.textContent.length > answer.firstChild.textContent.length")
    page.close()


def test_what_a_lesson_claims_is_one_line_above_folded_code(site, browser):
    page = browser.new_page()
    page.goto(f"{site[1]}/notebooks/02_noise_and_scores.html")
    claims = page.locator(".tag_hide-input", has_text="claims of this section hold")
    assert claims.count() == 4
    for cell in claims.all():
        assert not cell.locator(".cell_input").is_visible()
        assert cell.locator("summary").inner_text().strip() == "Show the code"
        assert len(cell.locator(".cell_output").inner_text().strip().splitlines()) == 1
    page.close()


def test_each_lab_is_a_picture_with_a_way_to_one_that_runs(site, browser):
    places = set()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        html = (site[0] / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
        texts = [output.get("data", {}).get("text/plain", "") for output in outputs]
        labs = [text for text in texts if text.startswith("An interactive ")]
        links = re.findall(r'</div>\s*<p class="live">.+href="\.\./labs\.html#?(\w*)"', html)
        assert len(links) == len(labs), path.stem
        assert "widget-view" not in html, path.stem
        places |= {*links}
    assert places == {"", "noise", "lesion", "pixel", "training"}
    page = browser.new_page()
    for place in places - {""}:
        page.goto(f"{site[1]}/labs.html#{place}")
        page.locator(f"#tab-{place}[aria-selected=true]").wait_for()
    page.close()


def test_animations_move(site):
    paths = (ROOT / "notebooks").glob("*.ipynb")
    outputs = [output for path in paths for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
    pictures = [
        base64.b64decode(output["data"]["image/png"]) for output in outputs if "image/png" in output.get("data", {})
    ]
    moving = {picture for picture in pictures if b"acTL" in picture}  # what makes a PNG an animation
    assert len(moving) > 14
    assert moving <= {path.read_bytes() for path in (site[0] / "_images").glob("*.png")}


def test_the_search_finds_with_and_without_a_server(site, browser):
    folder, address = site
    for start in (address, folder.as_uri()):
        page, complaints = browser.new_page(), []
        page.on("console", lambda said, to=complaints: to.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
        page.goto(f"{start}/search.html?q=speckle")
        page.locator("#search-results a", has_text="Noise and scores").first.click()
        page.locator("h1", has_text="Noise and scores").wait_for()
        assert complaints == [], start
        page.close()


AXE = ROOT / "docs" / "page" / "node_modules" / "axe-core" / "axe.min.js"
# In MathML axe hears nothing, and screen readers a formula. The labs in their frame have a test of their own.
VIOLATIONS = """async () => {
  const { violations, passes } = await axe.run({ iframes: false });
  const math = node => document.querySelector(node.target[0]).querySelector('math');
  const wrong = violations.flatMap(({ id, nodes }) => nodes
    .filter(node => id !== 'empty-table-header' || !math(node))
    .map(node => [id, node.html, node.failureSummary]));
  return [wrong, passes.length];
}"""
READ = (
    "index.html",
    "notebooks/02_noise_and_scores.html",
    "docs/glossary.html",
    "reference/denoisers.html",
    "search.html?q=speckle",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(site, browser, scheme, width, record_property):
    if not AXE.exists():
        pytest.skip("needs npm, which installs axe-core: npm ci --prefix docs/page")
    page, passed = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900}), 0
    for name in READ:
        page.goto(f"{site[1]}/{name}")
        page.evaluate("() => window.MathJax && new Promise(done => MathJax.Hub.Queue(done))")
        if "search" in name:
            page.locator("#search-results a").first.wait_for()
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(VIOLATIONS)
        assert found[0] == [], name
        passed += found[1]
    page.close()
    record_property(
        "summary", f"axe, the site, {scheme}, {width} px: 0 violations, {passed} rules passed in {len(READ)} pages"
    )
