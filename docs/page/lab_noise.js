/** Noise and denoise: one scan, four filters and the network, with scores and differences. */

import { el, menu, picture, slider } from "./dom.js";
import { latest } from "./ask.js";
import { fill } from "./text.js";

export const METHODS = /** @type {const} */ (["noisy", "network", "nl_means", "tv", "gaussian", "median"]);
const FULL = 0.3; // grey levels at which a difference has its full colour

/** @param {import("./main.js").Page} page */
export function noiseLab({ text, data, clients, remember }) {
  const kinds = Object.keys(data.levels);
  const set = remember("noise", { image: 0, noise: "gaussian", level: 0.3, seed: 0 });
  const truth = picture(text.truth, "clean");
  const shown = METHODS.map((name) => ({ name, image: picture(text[name], name), error: picture("", name) }));
  const said = el("p", { role: "status" });

  const lab = el("section", { class: "lab" });
  const redraw = latest(lab, async () => {
    const of = { ...set };
    const [filters, network] = await Promise.all([clients[0].ask("network", of), clients[1].ask("filters", of)]);
    const answers = { ...filters, ...network };
    truth.draw(data.test[of.image], data.size);
    for (const { name, image, error } of shown) {
      const { pixels, psnr, ssim } = answers[name];
      const scores = fill(text.scores, { psnr: psnr.toFixed(1), ssim: ssim.toFixed(3) });
      image.draw(pixels, data.size);
      image.say(`${text[name]}\n${scores}`, `${text[name]}: ${scores.replace("\n", ", ")}`);
      error.draw(pixels.map((/** @type {number} */ v, /** @type {number} */ i) => v - data.test[of.image][i]), data.size, { signed: FULL });
      error.say(fill(text.difference, { name: text[name] }));
    }
    const best = (/** @type {"psnr" | "ssim"} */ score) =>
      text[METHODS.reduce((a, b) => (answers[b][score] > answers[a][score] ? b : a))];
    said.textContent = fill(text.best, { psnr: best("psnr"), ssim: best("ssim") });
  });

  const levels = el("div", { class: "slot" });
  const offerLevel = () => {
    const [low, high] = data.levels[set.noise];
    levels.replaceChildren(
      slider({
        name: text[/** @type {keyof typeof text} */ (`level_${set.noise}`)], value: set.level, low, high, log: true,
        say: (v) => String(Number(v.toPrecision(2))), on: (v) => ((set.level = v), redraw()),
      }),
    );
  };
  offerLevel();
  const { ssim } = data.made;
  const three = (/** @type {number} */ v) => v.toFixed(2);
  lab.append(
    el("h2", {}, text.noise_tab),
    el("p", { class: "question" }, text.noise_question),
    el(
      "div", { class: "controls" },
      slider({
        name: text.image, value: set.image + 1, low: 1, high: data.test.length,
        say: (n) => fill(text.image_n, { n, of: data.test.length }), on: (n) => ((set.image = n - 1), redraw()),
      }),
      menu({
        name: text.noise_kind, value: set.noise,
        options: Object.fromEntries(kinds.map((kind) => [kind, text[/** @type {keyof typeof text} */ (`kind_${kind}`)]])),
        on: (kind) => {
          set.noise = kind;
          set.level = data.levels[kind][2];
          offerLevel();
          redraw();
        },
      }),
      levels,
      slider({ name: text.seed, value: set.seed, low: 0, high: 99, say: String, on: (n) => ((set.seed = n), redraw()) }),
    ),
    said,
    el("div", { class: "pictures methods" }, el("div", {}, truth.element), ...shown.map(({ image, error }) => el("div", {}, image.element, error.element))),
    el("p", { class: "scale" }, text.scale),
    el("p", { class: "why" }, fill(text.noise_why, {
      network_low: three(ssim["0.1"].network), tv_low: three(ssim["0.1"].tv),
      network_high: three(ssim["0.6"].network), tv_high: three(ssim["0.6"].tv), wins: text.wins,
    })),
  );
  redraw();
  return { element: lab };
}
