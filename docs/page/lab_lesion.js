/** Which lesion was invented? Vote before you see; eye against ideal observer. */

import { button, el, picture, slider } from "./dom.js";
import { RADIUS, interval } from "./lesion.js";
import { fill } from "./text.js";

const ROUNDS = 10;

/** @param {import("./main.js").Page} page */
export function lesionLab({ text, data, clients, remember }) {
  const set = remember("lesion", {
    sigma: 0.5, seed: Date.now() % 1e6, rounds: 0, you: 0, observer: 0, limits: 0, voted: /** @type {boolean | null} */ (null),
  });
  const [scan, network, truth] = [picture(text.noisy, "noisy"), picture(text.network, "network"), picture(text.truth, "clean")];
  const heading = el("h3", { tabindex: -1 });
  const said = el("p", { role: "status" });
  const score = el("p", { role: "status", class: "score" });
  const lab = el("section", { class: "lab" });
  /** @type {any} */
  let round;

  async function ask() {
    lab.setAttribute("aria-busy", "true");
    round = await clients[0].ask("lesion", { seed: set.seed + set.rounds + (set.voted === null ? 0 : -1), sigma: set.sigma });
    const ring = [...round.centre, 2.6 * RADIUS];
    scan.draw(round.noisy, data.size, { ring });
    network.draw(round.picture, data.size, { ring });
    truth.draw(round.truth, data.size, { ring });
    show();
    lab.setAttribute("aria-busy", "false");
  }

  function vote(/** @type {boolean} */ says) {
    if (!round || set.voted !== null) return;
    set.voted = says;
    set.rounds++;
    set.you += Number(says === round.present);
    set.observer += Number(round.observer.says === round.present);
    set.limits += round.observer.limit;
    show();
    (set.rounds < ROUNDS ? next : again).focus();
  }

  function show() {
    const voted = set.voted !== null;
    heading.textContent = fill(text.round, { n: set.rounds + (voted ? 0 : 1), of: ROUNDS });
    truth.element.hidden = !voted;
    yes.disabled = no.disabled = voted;
    next.hidden = !voted || set.rounds >= ROUNDS;
    again.hidden = set.rounds === 0;
    const right = set.voted === round.present;
    const observed = round.observer.says === round.present;
    said.textContent = voted
      ? [
          right ? text.voted_right : text.voted_wrong, round.present ? text.was_there : text.was_not_there,
          !observed ? text.observer_wrong : right ? text.observer_right : text.observer_right_alone,
        ].join(" ")
      : "";
    const counts = { you: set.you, observer: set.observer, rounds: set.rounds };
    const [low, high] = set.rounds ? interval(set.you, set.rounds).map((v) => Math.round(100 * v)) : [0, 100];
    score.textContent =
      set.rounds === 0 ? "" : set.rounds < ROUNDS || !voted
        ? fill(text.score, counts)
        : fill(text.end, { ...counts, limit: Math.round((100 * set.limits) / set.rounds), low, high });
  }

  function onward() {
    set.voted = null;
    ask().then(() => heading.focus());
  }
  function restart() {
    Object.assign(set, { seed: set.seed + 100, rounds: 0, you: 0, observer: 0, limits: 0 });
    onward();
  }
  const yes = button(text.yes, () => vote(true));
  const no = button(text.no, () => vote(false));
  const next = button(text.next, onward, { class: "main" });
  const again = button(text.again, restart);

  lab.append(
    el("h2", {}, text.lesion_tab),
    el("p", { class: "question" }, text.lesion_question),
    el("div", { class: "controls" }, slider({
      name: text.sigma, value: set.sigma, low: 0.2, high: 1, step: 0.1, say: (v) => v.toFixed(1),
      on: (v) => ((set.sigma = v), restartQuietly()),
    })),
    heading,
    el("div", { class: "pictures three" }, ...[scan, network, truth].map(({ element }) => element)),
    el("div", { class: "buttons" }, yes, no, next, again),
    said, score,
    el("p", { class: "why" }, text.lesion_why),
  );
  /** Another noise is another game. */
  function restartQuietly() {
    Object.assign(set, { seed: set.seed + 100, rounds: 0, you: 0, observer: 0, limits: 0, voted: null });
    ask();
  }
  ask();
  return { element: lab };
}
