/** Elements of the page: controls with names, pictures with descriptions. */

const PICTURE = 256; // pixels of a canvas, whatever the size of its image

/**
 * @typedef {Record<string, any>} Attributes  one whose name begins with "on" is a listener
 * @typedef {{ element: HTMLElement, draw: (pixels: ArrayLike<number>, size: number, how?: Look) => void,
 *   say: (caption: string, label?: string) => void }} Picture
 * @typedef {{ low?: number, high?: number, signed?: number, ring?: number[] }} Look
 *   low is black and high white; signed: blue below 0, red above, in full colour there; ring: row, column, radius
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

let ids = 0;

/**
 * A slider with its name and its value in words. With `log` it moves by equal factors.
 *
 * @param {{ name: string, value: number, low: number, high: number, step?: number, log?: boolean,
 *   say: (value: number) => string, on: (value: number) => void }} of
 */
export function slider({ name, value, low, high, step = 1, log = false, say, on }) {
  const id = `control-${ids++}`;
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const shown = el("span", { class: "value", "aria-hidden": "true" }, say(value)); // the slider says it, too
  const input = el("input", {
    id, type: "range", min: from, max: to, step: log ? (to - from) / 60 : step, "aria-valuetext": say(value),
    oninput: () => {
      const moved = log ? Number(Math.exp(Number(input.value)).toPrecision(3)) : Number(input.value);
      shown.textContent = say(moved);
      input.setAttribute("aria-valuetext", say(moved));
      on(moved);
    },
  });
  input.value = String(log ? Math.log(value) : value);
  return el("div", { class: "control" }, el("label", { for: id }, name), input, shown);
}

/**
 * A menu.
 *
 * @param {{ name: string, value: string, options: Record<string, string>, on: (value: string) => void }} of
 */
export function menu({ name, value, options, on }) {
  const id = `control-${ids++}`;
  const select = el(
    "select", { id, onchange: () => on(select.value) },
    ...Object.entries(options).map(([key, text]) => el("option", { value: key, selected: key === value }, text)),
  );
  return el("div", { class: "control" }, el("label", { for: id }, name), select);
}

/** A button. */
export const button = (/** @type {string} */ name, /** @type {() => void} */ on, /** @type {Attributes} */ more = {}) =>
  el("button", { type: "button", onclick: on, ...more }, name);

/**
 * A picture with a caption; `label` is what a screen reader hears of it.
 *
 * @param {string} caption
 * @param {string} [kind] which method made it: its colour
 * @returns {Picture}
 */
export function picture(caption, kind = "") {
  const canvas = el("canvas", { width: PICTURE, height: PICTURE, role: "img", "aria-label": caption });
  const text = el("figcaption", {}, caption);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const small = new OffscreenCanvas(1, 1);
  return {
    element: el("figure", { "data-kind": kind }, canvas, text),
    draw(pixels, size, { low = 0, high = 1, signed, ring } = {}) {
      const image = new ImageData(size, size);
      for (let i = 0; i < pixels.length; i++) {
        const grey = (255 * (pixels[i] - low)) / (high - low);
        for (let c = 0; c < 3; c++) image.data[4 * i + c] = signed ? redBlue(pixels[i] / signed, c) : grey;
        image.data[4 * i + 3] = 255;
      }
      small.width = small.height = size;
      /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d")).putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, PICTURE, PICTURE);
      if (ring) {
        const scale = PICTURE / size;
        context.beginPath();
        context.arc((ring[1] + 0.5) * scale, (ring[0] + 0.5) * scale, ring[2] * scale, 0, 2 * Math.PI);
        context.lineWidth = 3;
        context.strokeStyle = "#ff9f1c";
        context.stroke();
      }
    },
    say(caption, label = caption) {
      text.textContent = caption;
      canvas.setAttribute("aria-label", label);
    },
  };
}

const RED = [178, 24, 43];
const BLUE = [33, 102, 172];

/** White at 0, red at 1, blue at -1: red, green or blue of it. */
function redBlue(/** @type {number} */ value, /** @type {number} */ channel) {
  const end = (value > 0 ? RED : BLUE)[channel];
  return 255 + Math.min(1, Math.abs(value)) * (end - 255);
}
