/**
 * Random numbers that a seed brings back.
 *
 * @typedef {{ uniform: () => number, normal: () => number, poisson: (mean: number) => number }} Random
 */

const CHUNK = 20; // exp(-mean) must not vanish

/**
 * A generator (mulberry32, by Tommy Ettinger): small, fast, good enough for pictures.
 *
 * @param {number} seed
 * @returns {Random}
 */
export function random(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 0;
  let spare = NaN;

  /** From 0, below 1. */
  function uniform() {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Box and Muller make two at a time. */
  function normal() {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = NaN;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Knuth's product of uniforms, in parts, since a sum of Poisson numbers is one. */
  function poisson(/** @type {number} */ mean) {
    let count = 0;
    for (let left = mean; left > 0; left -= CHUNK) {
      const limit = Math.exp(-Math.min(left, CHUNK));
      for (let product = uniform(); product > limit; product *= uniform()) count++;
    }
    return count;
  }

  return { uniform, normal, poisson };
}
