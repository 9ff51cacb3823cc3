/** The average of all training images, weighted by how well each explains the scan: E[x | z], were they all there is. */

import { random } from "./random.js";

/**
 * Weights ∝ exp(-‖z - x‖² / 2σ²), which sum to 1.
 *
 * @param {ArrayLike<number>} z
 * @param {Float32Array[]} images
 * @param {number} sigma
 */
export function plausibility(z, images, sigma) {
  const logs = images.map((x) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum -= (z[i] - x[i]) ** 2;
    return sum / (2 * sigma * sigma);
  });
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/**
 * A scan of a test subject, or of nobody (image -1), and the average that it picks.
 *
 * @param {import("./data.js").Data} data
 * @param {{ image: number, sigma: number, seed: number }} of
 */
export function average({ test, train, size }, { image, sigma, seed }) {
  const rng = random(seed);
  const truth = test[image] ?? new Float32Array(size * size);
  const noisy = truth.map((x) => x + sigma * rng.normal());
  const weights = plausibility(noisy, train, sigma);
  const picture = new Float32Array(size * size);
  train.forEach((x, k) => x.forEach((v, i) => (picture[i] += weights[k] * v)));
  const heaviest = weights.map((_, k) => k).sort((a, b) => weights[b] - weights[a]).slice(0, 3);
  const used = 1 / weights.reduce((sum, w) => sum + w * w, 0);
  return { truth, noisy, picture, used, heaviest: heaviest.map((k) => ({ number: k, weight: weights[k], pixels: train[k] })) };
}
