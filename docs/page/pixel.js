/** One pixel that was dark or bright: how plausible each is in the light of a measurement, and the best guess. */

export const LEVELS = [0.2, 0.8];

/**
 * By Bayes' rule: a level's share times exp(-(z - level)² / 2σ²), over the sum of both.
 *
 * @param {number} z measured
 * @param {number} sigma
 * @param {number} bright share of bright pixels
 */
export function posterior(z, sigma, bright) {
  const logs = LEVELS.map((level, i) => Math.log(i ? bright : 1 - bright) - (z - level) ** 2 / (2 * sigma * sigma));
  const most = Math.max(...logs);
  const [a, b] = logs.map((log) => Math.exp(log - most));
  const weights = [a / (a + b), b / (a + b)];
  return { weights, guess: weights[0] * LEVELS[0] + weights[1] * LEVELS[1] };
}
