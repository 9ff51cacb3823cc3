/** A lesion of known place, size and contrast, as `cdae_lessons.lesions` puts it in, and who can find it. */

import { random } from "./random.js";

export const RADIUS = 3; // pixels, where half the contrast is left
export const CONTRAST = 0.3; // grey levels

/**
 * Add a smooth round spot; clipped to [0, 1].
 *
 * @param {Float32Array} image
 * @param {number} size
 * @param {number[]} centre row, column
 */
export function insert(image, size, [row, column]) {
  return image.map((x, i) => {
    const distance = Math.hypot(Math.floor(i / size) - row, (i % size) - column);
    const profile = Math.cos((Math.PI / 4) * Math.min(distance / RADIUS, 2)) ** 2;
    return Math.min(1, Math.max(0, x + CONTRAST * profile));
  });
}

/** The normal distribution function, to 1e-7 (Abramowitz and Stegun 1964, 7.1.26). */
export function normalShare(/** @type {number} */ x) {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const erf = 1 - series * Math.exp((-x * x) / 2);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

/**
 * The ideal observer knows the healthy image and the lesion, and is asked which of the two the scan shows: by the likelihood
 * ratio. As both are equally common it is right with probability Φ(‖lesion‖ / 2σ), and nobody is more often.
 *
 * @param {ArrayLike<number>} scan
 * @param {ArrayLike<number>} healthy
 * @param {ArrayLike<number>} ill
 * @param {number} sigma
 */
export function idealObserver(scan, healthy, ill, sigma) {
  let evidence = 0, energy = 0;
  for (let i = 0; i < scan.length; i++) {
    const lesion = ill[i] - healthy[i];
    evidence += (scan[i] - healthy[i] - lesion / 2) * lesion;
    energy += lesion * lesion;
  }
  return { says: evidence > 0, limit: normalShare(Math.sqrt(energy) / (2 * sigma)) };
}

/**
 * The 95 % interval of a share (Wilson 1927).
 *
 * @param {number} right
 * @param {number} rounds
 */
export function interval(right, rounds) {
  const z2 = 1.96 ** 2;
  const middle = (right + z2 / 2) / (rounds + z2);
  const reach = (1.96 / (rounds + z2)) * Math.sqrt((right * (rounds - right)) / rounds + z2 / 4);
  return [middle - reach, middle + reach];
}

/**
 * A place by chance with tissue around it, neither at the rim nor too bright for a lesion.
 *
 * @param {Float32Array} image
 * @param {number} size
 * @param {import("./random.js").Random} rng
 */
function place(image, size, rng) {
  for (;;) {
    const row = 8 + Math.floor((size - 16) * rng.uniform());
    const column = 8 + Math.floor((size - 16) * rng.uniform());
    let sum = 0;
    for (let i = -6; i <= 6; i++) for (let j = -6; j <= 6; j++) sum += image[(row + i) * size + column + j] / 169;
    if (sum > 0.25 && sum < 0.65) return [row, column];
  }
}

/**
 * One round: a subject, a place, with or without a lesion, as the seed has it.
 *
 * @param {import("./data.js").Data} data
 * @param {(image: Float32Array) => Float32Array} denoise
 * @param {{ seed: number, sigma: number }} of
 */
export function lesionRound({ test, size }, denoise, { seed, sigma }) {
  const rng = random(seed);
  const healthy = test[Math.floor(test.length * rng.uniform())];
  const centre = place(healthy, size, rng);
  const ill = insert(healthy, size, centre);
  const present = rng.uniform() < 0.5;
  const truth = present ? ill : healthy;
  const noisy = truth.map((x) => x + sigma * rng.normal());
  return { truth, noisy, picture: denoise(noisy), centre, present, observer: idealObserver(noisy, healthy, ill, sigma) };
}
