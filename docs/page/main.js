/** The page: five labs as tabs, in the reader's language. The same script serves the workers. */

import { client } from "./ask.js";
import { unpack } from "./data.js";
import { el, menu } from "./dom.js";
import { averageLab } from "./lab_average.js";
import { lesionLab } from "./lab_lesion.js";
import { noiseLab } from "./lab_noise.js";
import { pixelLab } from "./lab_pixel.js";
import { trainingLab } from "./lab_training.js";
import { LANGUAGES, fill, preferred } from "./text.js";
import { serve } from "./worker.js";

/**
 * @typedef {{ text: import("./text.js").Strings, data: import("./data.js").Data, clients: import("./ask.js").Client[],
 *   remember: <T extends object>(lab: string, first: T) => T }} Page
 *   remember: a lab's settings, kept while the page is open
 * @typedef {{ element: HTMLElement, leave?: () => void }} Lab
 */

/** @type {Record<string, (page: Page) => Lab>} */
const LABS = { noise: noiseLab, lesion: lesionLab, training: trainingLab, average: averageLab, pixel: pixelLab };
const NAMES = Object.keys(LABS);

async function open() {
  const block = /** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "";
  const root = /** @type {HTMLElement} */ (document.getElementById("page"));
  const first = preferred(navigator.languages);
  if (typeof DecompressionStream === "undefined" || typeof OffscreenCanvas === "undefined") {
    root.textContent = LANGUAGES[first].old_browser;
    return;
  }
  const data = await unpack(block);
  const clients = [client(data), client(data)]; // the network and the filters side by side
  /** @type {Record<string, any>} */
  const kept = {};
  let language = first;
  /** @type {Lab | undefined} */
  let lab;

  const chosen = () => (NAMES.includes(location.hash.slice(1)) ? location.hash.slice(1) : NAMES[0]);
  const tab = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(`tab-${name}`));

  function show(name = chosen()) {
    lab?.leave?.();
    for (const each of NAMES) {
      tab(each).setAttribute("aria-selected", String(each === name));
      tab(each).tabIndex = each === name ? 0 : -1;
    }
    const text = LANGUAGES[language];
    lab = LABS[name]({ text, data, clients, remember: (of, settings) => (kept[of] ??= settings) });
    const panel = /** @type {HTMLElement} */ (document.getElementById("panel"));
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    panel.replaceChildren(lab.element);
  }

  /** Arrows, Home and End lead from tab to tab. */
  function move(/** @type {KeyboardEvent} */ event) {
    const at = NAMES.indexOf(chosen());
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = /** @type {string} */ (NAMES.at(to % NAMES.length));
    location.hash = name;
    tab(name).focus();
  }

  function build() {
    const text = LANGUAGES[language];
    document.documentElement.lang = language;
    document.title = text.title;
    const tabs = NAMES.map((name) =>
      el(
        "button",
        { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", onclick: () => (location.hash = name) },
        text[/** @type {keyof typeof text} */ (`${name}_tab`)],
      ),
    );
    root.replaceChildren(
      el(
        "header", {},
        el("div", {}, el("h1", {}, text.title), el("p", {}, text.question)),
        menu({
          name: text.language, value: language, options: { en: "English", ko: "한국어" },
          on: (to) => {
            language = to;
            build();
            /** @type {HTMLElement} */ (root.querySelector("header select")).focus();
          },
        }),
        ...(text.unreviewed ? [el("p", { class: "note" }, text.unreviewed)] : []),
      ),
      el(
        "main", {},
        el("div", { role: "tablist", "aria-label": text.labs, onkeydown: move }, ...tabs),
        el("div", { id: "panel", role: "tabpanel" }),
      ),
      el(
        "footer", {},
        el("p", {}, fill(text.about, { n: data.made.train.toLocaleString("en"), test: data.test.length })),
        el("p", {}, el("a", { href: data.made.course, target: "_blank", rel: "noopener noreferrer" }, text.course)),
      ),
    );
    show();
  }

  addEventListener("hashchange", () => show());
  build();
}

if (typeof document === "undefined") serve();
else open();
