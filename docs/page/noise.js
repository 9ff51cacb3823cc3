/**
 * The noise models of `cdae_lessons.noise`, of one image and one level each. Nothing is clipped.
 *
 * @typedef {(image: Float32Array, level: number, rng: import("./random.js").Random) => Float32Array} Noise
 */

/** @type {Record<string, Noise>} */
export const NOISES = {
  /** z = x + σ·n */
  gaussian: (image, sigma, rng) => image.map((x) => x + sigma * rng.normal()),
  /** z = Poisson(peak·x) / peak */
  shot: (image, peak, rng) => image.map((x) => rng.poisson(peak * x) / peak),
  /** z = √((x + σ·n₁)² + (σ·n₂)²) */
  rician: (image, sigma, rng) => image.map((x) => Math.hypot(x + sigma * rng.normal(), sigma * rng.normal())),
  /** z = 0 or 1 with probability p/2 each, else x */
  salt_and_pepper: (image, p, rng) =>
    image.map((x) => {
      const draw = rng.uniform();
      return draw < p / 2 ? 0 : draw < p ? 1 : x;
    }),
};
