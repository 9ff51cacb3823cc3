/** A denoiser of three convolutions, trained by hand: gradients, Adam, and the filter that it has to beat. */

import { THREE, convolve, convolveBack } from "./convolution.js";
import { gaussian } from "./filters.js";
import { mse } from "./scores.js";

/**
 * @typedef {import("./convolution.js").Layer} Layer
 * @typedef {import("./random.js").Random} Random
 * @typedef {{ step: number, loss: number, error?: number, pictures?: Float32Array[] }} Progress
 */

const MAPS = 8;
const BATCH = 4;
const RATE = 0.01;
const WIDTHS = [0.3, 0.5, 0.7, 1, 1.4, 2, 2.8]; // of the filter, as in `cdae_lessons.denoisers`

/**
 * A network with random kernels (He et al. 2015), the last one smaller, and no bias: it starts near black, and none of its
 * few maps dies while the first steps look for the grey level. (Tried on training images that it was not trained on.)
 *
 * @param {Random} rng
 * @returns {Layer[]}
 */
export function start(rng) {
  return [[1, MAPS], [MAPS, MAPS], [MAPS, 1]].map(([inputs, outputs]) => {
    const spread = Math.sqrt(2 / (9 * inputs)) * (outputs === 1 ? 0.2 : 1);
    const kernel = Float64Array.from({ length: 9 * inputs * outputs }, () => spread * rng.normal());
    return { taps: THREE, kernel, bias: new Float64Array(outputs), inputs, outputs };
  });
}

/**
 * The maps after each layer, the image first and its denoised picture last; all but the last layer have a ReLU.
 *
 * @param {Layer[]} layers
 * @param {ArrayLike<number>} image
 * @param {number} size
 */
function forward(layers, image, size) {
  const maps = [Float64Array.from(image)];
  layers.forEach((layer, i) => {
    const y = new Float64Array(size * size * layer.outputs);
    convolve(maps[i], size, layer, y, { relu: i < layers.length - 1 });
    maps.push(y);
  });
  return maps;
}

/** Denoise one image, clipped to [0, 1]. */
export function denoise(/** @type {Layer[]} */ layers, /** @type {ArrayLike<number>} */ image, /** @type {number} */ size) {
  return Float32Array.from(/** @type {Float64Array} */ (forward(layers, image, size).at(-1)), (v) => Math.min(1, Math.max(0, v)));
}

/** Zeros in the shape of the weights: kernel and bias of each layer. */
const zeros = (/** @type {Layer[]} */ layers) =>
  layers.flatMap(({ kernel, bias }) => [new Float64Array(kernel.length), new Float64Array(bias.length)]);

/**
 * The mean squared error of some images, and its gradient, kernel and bias of each layer.
 *
 * @param {Layer[]} layers
 * @param {ArrayLike<number>[]} noisy
 * @param {ArrayLike<number>[]} clean
 * @param {number} size
 */
export function gradients(layers, noisy, clean, size) {
  const found = zeros(layers);
  let loss = 0;
  noisy.forEach((z, n) => {
    const maps = forward(layers, z, size);
    const count = noisy.length * size * size;
    let back = Float64Array.from(maps[layers.length], (v, i) => (2 * (v - clean[n][i])) / count);
    loss += mse(maps[layers.length], clean[n]) / noisy.length;
    for (let i = layers.length - 1; i >= 0; i--) {
      const before = i ? new Float64Array(maps[i].length) : undefined;
      convolveBack(maps[i], size, layers[i], back, found[2 * i], found[2 * i + 1], before);
      if (before) back = before.map((g, j) => (maps[i][j] > 0 ? g : 0)); // the ReLU
    }
  });
  return { loss, gradients: found };
}

/**
 * Adam (Kingma and Ba 2015): a function that moves the weights once.
 *
 * @param {Layer[]} layers
 */
export function adam(layers) {
  const weights = layers.flatMap(({ kernel, bias }) => [kernel, bias]);
  const mean = zeros(layers);
  const square = zeros(layers);
  let step = 0;
  return (/** @type {Float64Array[]} */ found, /** @type {number} */ rate) => {
    step++;
    weights.forEach((w, k) => {
      for (let i = 0; i < w.length; i++) {
        mean[k][i] += 0.1 * (found[k][i] - mean[k][i]);
        square[k][i] += 0.001 * (found[k][i] ** 2 - square[k][i]);
        w[i] -= (rate * mean[k][i]) / (1 - 0.9 ** step) / (Math.sqrt(square[k][i] / (1 - 0.999 ** step)) + 1e-8);
      }
    });
  };
}

/**
 * The Gaussian filter whose width errs least on training images.
 *
 * @param {Float32Array[]} noisy
 * @param {Float32Array[]} clean
 * @param {number} size
 */
export function tunedWidth(noisy, clean, size) {
  const errors = WIDTHS.map((width) => noisy.reduce((sum, z, i) => sum + mse(gaussian(z, size, width), clean[i]), 0));
  return WIDTHS[errors.indexOf(Math.min(...errors))];
}

/**
 * Train from random weights, with fresh noise in every step, and say how it goes.
 *
 * @param {{ train: Float32Array[], test: Float32Array[], noisy: Float32Array[], size: number, sigma: number, steps: number,
 *   rng: Random, every: number, tell: (progress: Progress) => void }} how
 *   noisy: the test images with noise; every so many steps they are denoised
 */
export function train({ train, test, noisy, size, sigma, steps, rng, every, tell }) {
  const layers = start(rng);
  const move = adam(layers);
  for (let step = 0; step < steps; step++) {
    const clean = Array.from({ length: BATCH }, () => train[Math.floor(train.length * rng.uniform())]);
    const seen = clean.map((image) => image.map((v) => v + sigma * rng.normal()));
    const { loss, gradients: found } = gradients(layers, seen, clean, size);
    move(found, (RATE * (1 + Math.cos((Math.PI * step) / steps))) / 2); // the last steps settle
    const looked = (step + 1) % every === 0 || step + 1 === steps;
    const pictures = looked ? noisy.map((z) => denoise(layers, z, size)) : undefined;
    const error = pictures && pictures.reduce((sum, picture, i) => sum + mse(picture, test[i]), 0) / test.length;
    tell({ step: step + 1, loss, error, pictures });
  }
  return layers;
}
