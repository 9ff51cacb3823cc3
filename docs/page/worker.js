/** What is computed beside the page, so that it stays alive. The page's own script is the worker's, too. */

import { average } from "./average.js";
import { lesionRound } from "./lesion.js";
import { build, denoise } from "./network.js";
import { NOISES } from "./noise.js";
import { gaussian, median, nlMeans, totalVariation } from "./filters.js";
import { random } from "./random.js";
import { mse, psnr, ssim } from "./scores.js";
import { train, tunedWidth } from "./training.js";

/**
 * @typedef {import("./data.js").Data} Data
 * @typedef {{ data: Data, network: import("./network.js").Network }} World
 * @typedef {{ image: number, noise: string, level: number, seed: number }} Scan
 */

const MEASURED = 8; // training images on which the noise's mean and deviation are measured
const OTHER_DRAW = 1e6; // a seed beyond those of the sliders

/** The same scan in every worker. */
const scan = (/** @type {Data} */ data, /** @type {Scan} */ { image, noise, level, seed }) =>
  NOISES[noise](data.test[image], level, random(seed));

/** Mean and standard deviation of a noise, from a draw of its own; as in the denoise lab of the notebooks. */
function measured(/** @type {Data} */ data, /** @type {string} */ noise, /** @type {number} */ level) {
  const rng = random(OTHER_DRAW);
  let sum = 0, squares = 0, count = 0;
  for (const image of data.train.slice(0, MEASURED)) {
    NOISES[noise](image, level, rng).forEach((z, i) => {
      sum += z - image[i];
      squares += (z - image[i]) ** 2;
      count++;
    });
  }
  const mean = sum / count;
  return { mean, deviation: Math.max(Math.sqrt(squares / count - mean * mean), 1e-3) };
}

/** The filters with what was tuned for the nearest level of this noise, on training images. */
function filters(/** @type {Data} */ data, /** @type {Scan} */ of) {
  const z = scan(data, of);
  const { mean, deviation } = measured(data, of.noise, of.level);
  const levels = Object.keys(data.tuned[of.noise]);
  const far = (/** @type {string} */ text) => Math.abs(Math.log(Number(text) / of.level));
  const tuned = data.tuned[of.noise][levels.reduce((a, b) => (far(b) < far(a) ? b : a))];
  /** Without the noise's mean where that was found to help. */
  const shifted = (/** @type {{ subtract_mean: boolean }} */ { subtract_mean: subtract }) => (subtract ? z.map((v) => v - mean) : z);
  const { median: m, gaussian: g, nl_means: n, tv } = tuned;
  return {
    noisy: z,
    median: median(shifted(m), data.size, m.size),
    gaussian: gaussian(shifted(g), data.size, g.width),
    nl_means: nlMeans(shifted(n), data.size, {
      h: n.multiples_of_deviation.h * deviation,
      sigma: n.multiples_of_deviation.sigma * deviation,
      patch_distance: n.patch_distance,
    }),
    tv: totalVariation(shifted(tv), data.size, tv.multiples_of_deviation.weight * deviation),
  };
}

/** Each picture with its scores against the truth. */
const scored = (/** @type {Data} */ data, /** @type {number} */ image, /** @type {Record<string, Float32Array>} */ pictures) =>
  Object.fromEntries(
    Object.entries(pictures).map(([name, pixels]) => [
      name,
      { pixels, psnr: psnr(data.test[image], pixels), ssim: ssim(data.test[image], pixels, data.size) },
    ]),
  );

/** Train in the page: the filter's answer first, then how the training goes. */
function training(
  /** @type {Data} */ data,
  /** @type {{ images: number, sigma: number, steps: number, seed: number }} */ { images, sigma, steps, seed },
  /** @type {(news: any) => void} */ tell,
) {
  const size = data.size / 2;
  const rng = random(seed);
  const corrupt = (/** @type {Float32Array} */ image) => image.map((v) => v + sigma * rng.normal());
  const [clean, test] = [data.train.slice(0, images), data.test].map((all) => all.map((image) => half(image, data.size)));
  const noisy = test.map(corrupt);
  const width = tunedWidth(clean.map(corrupt), clean, size);
  const filtered = noisy.map((z) => gaussian(z, size, width));
  const filterError = filtered.reduce((sum, picture, i) => sum + mse(picture, test[i]), 0) / test.length;
  tell({ step: 0, test, noisy, filtered, width, filterError });
  train({ train: clean, test, noisy, size, sigma, steps, rng, every: 10, tell });
  return null;
}

/** Half the size, each pixel the mean of four. */
function half(/** @type {Float32Array} */ image, /** @type {number} */ size) {
  const side = size / 2;
  return Float32Array.from({ length: side * side }, (_, i) => {
    const j = 2 * Math.floor(i / side) * size + 2 * (i % side);
    return (image[j] + image[j + 1] + image[j + size] + image[j + size + 1]) / 4;
  });
}

/** @type {Record<string, (world: World, given: any, tell: (news: any) => void) => any>} */
export const TASKS = {
  filters: ({ data }, of) => scored(data, of.image, filters(data, of)),
  network: ({ data, network }, of) => scored(data, of.image, { network: denoise(network, scan(data, of), data.size) }),
  lesion: ({ data, network }, of) => lesionRound(data, (z) => denoise(network, z, data.size), of),
  average: ({ data }, of) => average(data, of),
  training: ({ data }, of, tell) => training(data, of, tell),
};

/** Answer what the page asks. The first message brings the data. */
export function serve() {
  /** @type {World} */
  let world;
  self.onmessage = ({ data: { id, task, given } }) => {
    if (task === "load") world = { data: given, network: build(given.weights) };
    else self.postMessage({ id, done: TASKS[task](world, given, (news) => self.postMessage({ id, news })) });
  };
}
