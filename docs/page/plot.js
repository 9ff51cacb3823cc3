/** Line plots as SVG: sharp on any screen and on paper, in the page's colours. */

const SPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [420, 260, 52, 40, 12, 14];

/**
 * @typedef {{ points: number[][], kind: string, name?: string, at?: number[], dashed?: boolean, filled?: boolean }} Line
 *   kind: its colour, a class of the style sheet; name: written at the point `at`
 * @typedef {{ label: string, x: number[], y: number[], xTicks: number[], yTicks: number[], xName: string, yName: string,
 *   log?: boolean, lines: Line[], dot?: number[] }} Plot
 */

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function svg(tag, attributes, text) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @param {Plot} of
 * @returns {SVGElement}
 */
export function plot({ label, x, y, xTicks, yTicks, xName, yName, log = false, lines, dot }) {
  const raise = (/** @type {number} */ v) => (log ? Math.log(Math.max(v, 1e-9)) : v);
  const toX = (/** @type {number} */ v) => LEFT + ((v - x[0]) / (x[1] - x[0])) * (WIDTH - LEFT - RIGHT);
  const toY = (/** @type {number} */ v) =>
    HEIGHT - BOTTOM - ((raise(v) - raise(y[0])) / (raise(y[1]) - raise(y[0]))) * (HEIGHT - BOTTOM - TOP);
  const path = (/** @type {number[][]} */ points) =>
    points.map(([a, b], i) => `${i ? "L" : "M"}${toX(a).toFixed(1)} ${toY(Math.min(y[1], Math.max(y[0], b))).toFixed(1)}`).join("");
  const root = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "plot" });
  for (const tick of xTicks) {
    root.append(svg("line", { x1: toX(tick), x2: toX(tick), y1: TOP, y2: HEIGHT - BOTTOM, class: "grid" }));
    root.append(svg("text", { x: toX(tick), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, String(tick)));
  }
  for (const tick of yTicks) {
    root.append(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: toY(tick), y2: toY(tick), class: "grid" }));
    root.append(svg("text", { x: LEFT - 6, y: toY(tick) + 4, "text-anchor": "end" }, String(tick)));
  }
  root.append(svg("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xName));
  root.append(svg("text", { x: 0, y: 0, transform: `translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, yName));
  for (const { points, kind, dashed, filled } of lines) {
    if (points.length) root.append(svg("path", { d: path(points), class: `${kind}${filled ? " filled" : ""}${dashed ? " dashed" : ""}` }));
  }
  for (const { name, at } of lines) {
    if (name && at) {
      const right = toX(at[0]) > WIDTH * 0.75;
      root.append(svg("text", { x: toX(at[0]) + (right ? -4 : 4), y: toY(at[1]) - 5, "text-anchor": right ? "end" : "start", class: "name" }, name));
    }
  }
  if (dot) root.append(svg("circle", { cx: toX(dot[0]), cy: toY(dot[1]), r: 6, class: "dot" }));
  return root;
}
