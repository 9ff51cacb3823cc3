/** Train one yourself: a small network learns in a worker of its own, and can be stopped at any time. */

import { button, el, picture, slider } from "./dom.js";
import { client } from "./ask.js";
import { plot } from "./plot.js";
import { fill } from "./text.js";

const STEPS = 300;
const SMOOTH = 10; // steps over which the training's loss is averaged

/** @param {import("./main.js").Page} page */
export function trainingLab({ text, data, remember }) {
  const set = remember("training", { images: 20, sigma: 0.3, seed: 0 });
  const size = data.size / 2;
  const shown = {
    test: picture(text.truth, "clean"), noisy: picture(text.noisy, "noisy"),
    filtered: picture(text.gaussian, "gaussian"), picture: picture(text.network, "network"),
  };
  const said = el("p", { role: "status" }, text.untrained);
  const bar = el("progress", { max: STEPS, value: 0, "aria-label": text.train });
  const curves = el("div", { class: "plots" });
  const controls = el("fieldset", { class: "controls" });
  /** @type {{ loss: number[][], error: number[][], filter: number }} */
  let found;
  /** @type {import("./ask.js").Client | null} */
  let running = null;

  const numbers = () => ({
    step: found.loss.length, steps: STEPS, error: found.error.at(-1)?.[1].toFixed(4) ?? "…", filter: found.filter.toFixed(4),
  });

  function draw() {
    const means = found.loss.map(([step], i) => {
      const some = found.loss.slice(Math.max(0, i - SMOOTH + 1), i + 1);
      return [step, some.reduce((sum, [, loss]) => sum + loss, 0) / some.length];
    });
    const last = found.error.at(-1);
    curves.replaceChildren(
      plot({
        label: text.curve, x: [0, STEPS], y: [0.001, 0.1], log: true, xTicks: [0, 100, 200, 300], yTicks: [0.001, 0.01, 0.1],
        xName: text.step, yName: text.error,
        lines: [
          { points: means, kind: "noisy", name: text.training_loss, at: means[3 * SMOOTH] },
          { points: found.filter ? [[0, found.filter], [STEPS, found.filter]] : [], kind: "gaussian", dashed: true, name: text.gaussian, at: found.filter ? [STEPS, found.filter] : undefined },
          { points: found.error, kind: "network", name: text.test_error, at: last && [last[0], last[1] * 0.6] },
        ],
      }),
    );
  }

  function hear(/** @type {any} */ news) {
    if (news.step === 0) {
      found.filter = news.filterError;
      for (const name of /** @type {const} */ (["test", "noisy", "filtered"])) shown[name].draw(news[name][0], size);
      return;
    }
    found.loss.push([news.step, news.loss]);
    if (!news.pictures) return;
    found.error.push([news.step, news.error]);
    shown.picture.draw(news.pictures[0], size);
    bar.value = news.step;
    draw();
    progress.textContent = fill(text.running, numbers());
  }

  async function train() {
    reset();
    const started = performance.now();
    running = client(data);
    turn(true);
    stop.focus();
    await running.ask("training", { ...set, steps: STEPS }, hear);
    finish();
    const verdict = (found.error.at(-1)?.[1] ?? 1) < found.filter ? text.ahead : text.behind;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    said.textContent = fill(text.ended, { ...numbers(), seconds, verdict });
  }

  function finish() {
    running?.close();
    running = null;
    turn(false);
    progress.textContent = "";
    start.focus();
  }

  function halt() {
    finish();
    said.textContent = fill(text.stopped, numbers());
  }

  function reset() {
    found = { loss: [], error: [], filter: 0 };
    said.textContent = text.untrained;
    bar.value = 0;
    for (const each of Object.values(shown)) each.draw(new Float32Array(size * size), size);
    shown.test.draw(new Float32Array(size * size), size);
    draw();
  }

  /** While it runs, nothing but Stop can be used. */
  function turn(/** @type {boolean} */ on) {
    start.disabled = again.disabled = controls.disabled = on;
    stop.disabled = !on;
    if (on) said.textContent = "";
  }

  const start = button(text.train, train, { class: "main" });
  const stop = button(text.stop, halt, { disabled: true });
  const again = button(text.reset, () => {
    Object.assign(set, { images: 20, sigma: 0.3, seed: set.seed + 1 });
    offer();
    reset();
  });
  const progress = el("p", { class: "running" }); // not spoken: it changes too often

  function offer() {
    controls.replaceChildren(
      el("legend", { class: "hidden" }, text.training_tab),
      slider({ name: text.training_images, value: set.images, low: 1, high: data.train.length, say: String, on: (n) => (set.images = n) }),
      slider({ name: text.sigma, value: set.sigma, low: 0.1, high: 0.6, step: 0.05, say: (v) => v.toFixed(2), on: (v) => (set.sigma = v) }),
    );
  }
  offer();
  reset();
  const lab = el(
    "section", { class: "lab" },
    el("h2", {}, text.training_tab),
    el("p", { class: "question" }, text.training_question),
    controls,
    el("div", { class: "buttons" }, start, stop, again),
    bar, progress, said,
    el("div", { class: "pictures four" }, ...Object.values(shown).map(({ element }) => element)),
    curves,
    el("p", { class: "why" }, text.training_why),
  );
  return { element: lab, leave: () => running?.close() };
}
