/** The paper's network, CNN DAE, with the weights that ship with the course. */

import { THREE, convolve } from "./convolution.js";

/**
 * @typedef {import("./convolution.js").Layer} Layer
 * @typedef {{ first: Layer, second: Layer, third: Layer, fourth: Layer[], fifth: Layer[] }} Network
 */

/** (inputs, outputs) of its five convolutions. */
export const SHAPES = [[1, 64], [64, 64], [64, 64], [64, 64], [64, 1]];

/**
 * The layers, from all weights in Keras' order: kernel and bias of each convolution.
 *
 * @param {Float64Array} weights
 * @returns {Network}
 */
export function build(weights) {
  let from = 0;
  const [first, second, third, fourth, fifth] = SHAPES.map(([inputs, outputs]) => {
    const end = from + 9 * inputs * outputs;
    const layer = { taps: THREE, kernel: weights.slice(from, end), bias: weights.slice(end, end + outputs), inputs, outputs };
    from = end + outputs;
    return layer;
  });
  return { first, second, third, fourth: quarters(fourth), fifth: quarters(fifth) };
}

/**
 * A 3x3 convolution of a map that was doubled in size sees each number up to four times. So it is four convolutions of the
 * small map with 2x2 taps, one for each of four neighbours of the result: 4 multiplications in place of 9.
 *
 * @param {Layer} layer
 * @returns {Layer[]}
 */
function quarters({ kernel, bias, inputs, outputs }) {
  const block = inputs * outputs;
  return [0, 1, 2, 3].map((part) => {
    const row = part >> 1;
    const column = part & 1;
    const taps = [row - 1, row].flatMap((r) => [column - 1, column].map((c) => [r, c]));
    const summed = new Float64Array(4 * block);
    THREE.forEach(([r, c], tap) => {
      const small = 2 * (((row + r) >> 1) - row + 1) + ((column + c) >> 1) - column + 1;
      for (let i = 0; i < block; i++) summed[small * block + i] += kernel[tap * block + i];
    });
    return { taps, kernel: summed, bias, inputs, outputs };
  });
}

/**
 * The largest of each 2x2 block.
 *
 * @param {Float64Array} x
 * @param {number} size
 * @param {number} maps
 */
function pooled(x, size, maps) {
  const half = size / 2;
  const y = new Float64Array(half * half * maps);
  for (let row = 0; row < half; row++) {
    for (let column = 0; column < half; column++) {
      const a = (2 * row * size + 2 * column) * maps;
      const b = a + size * maps;
      const to = (row * half + column) * maps;
      for (let map = 0; map < maps; map++) {
        y[to + map] = Math.max(x[a + map], x[a + maps + map], x[b + map], x[b + maps + map]);
      }
    }
  }
  return y;
}

/** A convolution of the doubled map, by its `quarters`. */
function doubled(/** @type {Float64Array} */ x, /** @type {number} */ size, /** @type {Layer[]} */ layers, relu = false) {
  const y = new Float64Array(4 * size * size * layers[0].outputs);
  layers.forEach((layer, part) => convolve(x, size, layer, y, { relu, finer: 2, row: part >> 1, column: part & 1 }));
  return y;
}

/**
 * Denoise a square image, its side divisible by 4.
 *
 * @param {Network} network
 * @param {ArrayLike<number>} image
 * @param {number} size
 */
export function denoise({ first, second, third, fourth, fifth }, image, size) {
  const conv = (/** @type {Float64Array} */ x, /** @type {number} */ side, /** @type {Layer} */ layer) => {
    const y = new Float64Array(side * side * layer.outputs);
    convolve(x, side, layer, y, { relu: true });
    return y;
  };
  let x = pooled(conv(Float64Array.from(image), size, first), size, 64);
  x = pooled(conv(x, size / 2, second), size / 2, 64);
  x = conv(x, size / 4, third);
  x = doubled(x, size / 4, fourth, true);
  return Float32Array.from(doubled(x, size / 2, fifth), (v) => 1 / (1 + Math.exp(-v)));
}
