/** One pixel, two grey levels: the S-curve of the best guess. */

import { el, slider } from "./dom.js";
import { LEVELS, posterior } from "./pixel.js";
import { plot } from "./plot.js";
import { fill } from "./text.js";

const RANGE = [-0.5, 1.5];
const MEASURED = Array.from({ length: 201 }, (_, i) => RANGE[0] + (i / 200) * (RANGE[1] - RANGE[0]));

/** @param {import("./main.js").Page} page */
export function pixelLab({ text, remember }) {
  const set = remember("pixel", { z: 0.6, sigma: 0.2, bright: 0.5 });
  const said = el("p", { role: "status" });
  const plots = el("div", { class: "plots" });

  function redraw() {
    const { z, sigma, bright } = set;
    const { weights, guess } = posterior(z, sigma, bright);
    const values = { z: z.toFixed(2), dark: weights[0].toFixed(2), bright: weights[1].toFixed(2), guess: guess.toFixed(2) };
    const bell = (/** @type {number} */ level, /** @type {number} */ share) =>
      MEASURED.map((v) => [v, share * Math.exp(-((v - level) ** 2) / (2 * sigma * sigma))]);
    const across = { x: RANGE, xTicks: [-0.5, 0, 0.5, 1, 1.5], xName: text.measured_z };
    plots.replaceChildren(
      plot({
        ...across, label: text.densities, y: [0, 1.2], yTicks: [], yName: text.how_often,
        lines: [
          { points: bell(LEVELS[0], 1 - bright), kind: "dark", filled: true, name: text.dark, at: [LEVELS[0] - 0.1, 1 - bright] },
          { points: bell(LEVELS[1], bright), kind: "bright", filled: true, name: text.bright, at: [LEVELS[1] - 0.1, bright] },
          { points: [[z, 0], [z, 1.2]], kind: "ink" },
        ],
      }),
      plot({
        ...across, label: fill(text.curve_pixel, values), y: [0, 1], yTicks: [0, ...LEVELS, 1], yName: text.best_guess,
        lines: [
          { points: [[0, 0], [1, 1]], kind: "noisy", dashed: true, name: text.measurement, at: [0.05, 0.02] },
          { points: MEASURED.map((v) => [v, posterior(v, sigma, bright).guess]), kind: "average" },
        ],
        dot: [z, guess],
      }),
    );
    said.textContent = fill(text.guess, values);
  }

  const two = (/** @type {number} */ v) => v.toFixed(2);
  const lab = el(
    "section", { class: "lab", "aria-busy": "false" },
    el("h2", {}, text.pixel_tab),
    el("p", { class: "question" }, text.pixel_question),
    el(
      "div", { class: "controls" },
      slider({ name: text.measured, value: set.z, low: -0.5, high: 1.5, step: 0.05, say: two, on: (v) => ((set.z = v), redraw()) }),
      slider({ name: text.sigma, value: set.sigma, low: 0.02, high: 1, step: 0.02, say: two, on: (v) => ((set.sigma = v), redraw()) }),
      slider({ name: text.bright_share, value: set.bright, low: 0.01, high: 0.99, step: 0.01, say: two, on: (v) => ((set.bright = v), redraw()) }),
    ),
    said, plots,
    el("p", { class: "why" }, text.pixel_why),
  );
  redraw();
  return { element: lab };
}
