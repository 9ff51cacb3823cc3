/** The average of all brains: which training images the scan makes plausible, and what their average shows. */

import { el, menu, picture, slider } from "./dom.js";
import { latest } from "./ask.js";
import { mse } from "./scores.js";
import { fill } from "./text.js";

/** @param {import("./main.js").Page} page */
export function averageLab({ text, data, clients, remember }) {
  const set = remember("average", { image: "0", sigma: 1, seed: 0 });
  const [truth, scan, mean] = [picture(text.truth, "clean"), picture(text.scan_scaled, "noisy"), picture(text.average, "average")];
  const heavy = [0, 1, 2].map(() => picture("", ""));
  const said = el("p", { role: "status" });
  const lab = el("section", { class: "lab" });
  const redraw = latest(lab, async () => {
    const { image, sigma, seed } = set;
    const answer = await clients[0].ask("average", { image: Number(image), sigma, seed });
    truth.draw(answer.truth, data.size);
    truth.say(image === "-1" ? text.empty : text.truth);
    scan.draw(answer.noisy, data.size, { low: -2 * sigma, high: 1 + 2 * sigma });
    mean.draw(answer.picture, data.size);
    heavy.forEach((each, i) => {
      const { number, weight, pixels } = answer.heaviest[i];
      const share = 100 * weight;
      each.draw(pixels, data.size);
      each.say(fill(text.heavy, { n: number + 1, share: share < 0.1 ? "< 0.1" : share.toFixed(1) }));
      each.element.classList.toggle("pale", share < 0.1);
    });
    const error = Math.sqrt(mse(answer.picture, answer.truth)).toFixed(3);
    said.textContent = fill(text.in_use, { used: answer.used.toFixed(1), of: data.train.length, error });
  });
  const subjects = Object.fromEntries(data.test.map((_, i) => [String(i), fill(text.subject_n, { n: i + 1 })]));
  lab.append(
    el("h2", {}, text.average_tab),
    el("p", { class: "question" }, text.average_question),
    el(
      "div", { class: "controls" },
      menu({ name: text.subject, value: set.image, options: { ...subjects, "-1": text.nobody }, on: (v) => ((set.image = v), redraw()) }),
      slider({
        name: text.sigma, value: set.sigma, low: 0.1, high: 20, log: true,
        say: (v) => String(Number(v.toPrecision(2))), on: (v) => ((set.sigma = v), redraw()),
      }),
      slider({ name: text.seed, value: set.seed, low: 0, high: 99, say: String, on: (n) => ((set.seed = n), redraw()) }),
    ),
    said,
    el("div", { class: "pictures three" }, ...[truth, scan, mean].map(({ element }) => element)),
    el("div", { class: "pictures three small" }, ...heavy.map(({ element }) => element)),
    el("p", { class: "why" }, fill(text.average_why, { of: data.train.length })),
  );
  redraw();
  return { element: lab };
}
