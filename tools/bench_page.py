"""How fast the labs of the web page answer, from a slider's move to the drawn answer, and what memory is left behind.

python tools/bench_page.py [MOVES]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import make_page
import numpy as np
from playwright.sync_api import Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
GOAL = 150  # milliseconds
SLIDERS = (("noise", "Strength σ"), ("noise", "Image"), ("average", "Noise σ"), ("pixel", "Measured z"))
READY = "#panel .lab:not([aria-busy=true])"
MOVE = """async ([name, moves]) => {
  const input = [...document.querySelectorAll('label')].find(label => label.textContent === name).control;
  const lab = document.querySelector('.lab'), busy = () => lab.getAttribute('aria-busy') === 'true';
  const taken = [];
  for (let i = 0; i < moves; i++) {
    const started = performance.now();
    input.value = Number(input.min) + (1 + 7 * i % 11) / 12 * (input.max - input.min);
    input.dispatchEvent(new Event('input'));
    while (busy()) await new Promise(done => { new MutationObserver((_, observer) => { observer.disconnect(); done(); })
      .observe(lab, { attributeFilter: ['aria-busy'] }); });
    taken.push(performance.now() - started);
    await new Promise(requestAnimationFrame);
  }
  return taken;
}"""


def main() -> None:
    """Print the table."""
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "labs.html"
        file.write_text(make_page.page(), encoding="utf-8")
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--js-flags=--expose-gc"]
        )
        page = chromium.new_page(locale="en")
        print(f"{'lab':10}{'slider':14}{'median':>10}{'95 %':>10}{'goal':>10}")
        for lab, slider in SLIDERS:
            page.goto(f"{file.as_uri()}#{lab}")
            page.reload()
            page.locator(READY).wait_for()
            page.evaluate(MOVE, [slider, 12])  # until the browser has compiled what it runs
            taken = page.evaluate(MOVE, [slider, moves])
            median, high = np.median(taken), np.quantile(taken, 0.95)
            print(f"{lab:10}{slider:14}{median:7.0f} ms{high:7.0f} ms{GOAL:7} ms", flush=True)
        print(f"training of 300 steps: {_training(page):.1f} s")
        print("memory: {:.1f} MB, after 1,000 moves {:.1f} MB".format(*_memory(page, file)))
        chromium.close()


def _training(page: Page) -> float:
    page.locator("#tab-training").click()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Trained in").wait_for(timeout=120_000)
    return float(page.get_by_text("Trained in").inner_text().split()[2])


def _memory(page: Page, file: Path) -> list[float]:
    page.goto(f"{file.as_uri()}#average")
    page.reload()
    page.locator(READY).wait_for()
    used = []
    for moves in (100, 1000):
        page.evaluate(MOVE, ["Noise σ", moves])
        used.append(page.evaluate("() => { gc(); return performance.memory.usedJSHeapSize / 1e6; }"))
    return used


if __name__ == "__main__":
    main()
