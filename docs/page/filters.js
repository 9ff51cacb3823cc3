/**
 * The classical denoisers of `cdae_lessons.denoisers`, of one square image: what a network has to beat.
 *
 * @typedef {Float32Array | Float64Array} Image
 */

const PATCH = 7; // side of the patches of NL-means, in pixels

/** An index outside continues by the mirror image, edge pixel included: d c b a | a b c d. */
const mirrored = (/** @type {number} */ i, /** @type {number} */ size) => {
  const j = ((i % (2 * size)) + 2 * size) % (2 * size);
  return j < size ? j : 2 * size - 1 - j;
};

/** The same without the edge pixel: d c b | a b c d. */
const reflected = (/** @type {number} */ i, /** @type {number} */ size) => {
  const j = Math.abs(i) % (2 * size - 2);
  return j < size ? j : 2 * size - 2 - j;
};

/** Denoised images are clipped to [0, 1]. */
const clipped = (/** @type {Image} */ image) => Float32Array.from(image, (v) => Math.min(1, Math.max(0, v)));

/**
 * The median of the square around each pixel.
 *
 * @param {Image} image
 * @param {number} size of the image
 * @param {number} side of the square, odd
 */
export function median(image, size, side) {
  const reach = (side - 1) / 2;
  const values = new Float32Array(side * side);
  const index = Int32Array.from({ length: size + 2 * reach }, (_, i) => mirrored(i - reach, size));
  const result = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let n = 0;
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) values[n++] = image[index[row + i] * size + index[column + j]];
      }
      result[row * size + column] = middle(values);
    }
  }
  return clipped(result);
}

/** The middle value, by Hoare's selection; the order of `v` changes. */
function middle(/** @type {Float32Array} */ v) {
  const k = v.length >> 1;
  for (let low = 0, high = v.length - 1; low < high; ) {
    const pivot = v[k];
    let i = low;
    let j = high;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) {
        const t = v[i];
        v[i++] = v[j];
        v[j--] = t;
      }
    }
    if (j < k) low = i;
    if (k < i) high = j;
  }
  return v[k];
}

/**
 * A Gaussian average, cut off at four standard deviations.
 *
 * @param {Image} image
 * @param {number} size
 * @param {number} width standard deviation in pixels
 */
export function gaussian(image, size, width) {
  const reach = Math.floor(4 * width + 0.5);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * width ** 2)));
  const total = kernel.reduce((a, b) => a + b, 0);
  const index = Int32Array.from({ length: size + 2 * reach }, (_, i) => mirrored(i - reach, size));
  /** Along rows, and the result turned, so that twice is both ways. */
  const along = (/** @type {ArrayLike<number>} */ x) => {
    const y = new Float64Array(size * size);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += kernel[k] * x[row * size + index[column + k]];
        y[column * size + row] = sum / total;
      }
    }
    return y;
  };
  return clipped(along(along(image)));
}

/**
 * Pixels whose patches look alike, averaged (Buades et al. 2005), by sums over rectangles (Froment 2014), as scikit-image
 * does it: the sum of its 7x7 patch is over 6x6 pixels.
 *
 * @param {Image} image
 * @param {number} size
 * @param {{ h: number, sigma: number, patch_distance: number }} how
 */
export function nlMeans(image, size, { h, sigma, patch_distance: reach }) {
  const offset = PATCH >> 1;
  const pad = offset + reach + 1;
  const side = size + 2 * pad;
  const index = Int32Array.from({ length: side }, (_, i) => reflected(i - pad, size));
  const x = new Float64Array(side * side);
  for (let i = 0; i < x.length; i++) x[i] = image[index[(i / side) | 0] * size + index[i % side]];
  const weights = new Float64Array(x.length);
  const sums = new Float64Array(x.length);
  const integral = new Float64Array(x.length);
  for (let down = -reach; down <= reach; down++) {
    for (let right = 0; right <= reach; right++) {
      const shift = down * side + right;
      const share = right === 0 ? 0.5 : 1; // those are met twice
      for (let row = Math.max(1, -down); row < Math.min(side, side - down); row++) {
        for (let column = 1; column < side - right; column++) {
          const i = row * side + column;
          const step = (x[i] - x[i + shift]) ** 2 - 2 * sigma * sigma;
          integral[i] = step + integral[i - side] + integral[i - 1] - integral[i - side - 1];
        }
      }
      for (let row = Math.max(offset, offset - down); row < Math.min(side - offset, side - offset - down); row++) {
        for (let column = offset; column < side - offset - right; column++) {
          const i = row * side + column;
          const far =
            integral[i + offset * side + offset] + integral[i - offset * side - offset] -
            integral[i + offset * side - offset] - integral[i - offset * side + offset];
          const distance = Math.max(far, 0) / (h * h * PATCH * PATCH);
          if (distance > 5) continue;
          const weight = share * Math.exp(-distance);
          weights[i] += weight;
          weights[i + shift] += weight;
          sums[i] += weight * x[i + shift];
          sums[i + shift] += weight * x[i];
        }
      }
    }
  }
  const result = new Float32Array(size * size);
  for (let i = 0; i < result.length; i++) {
    const j = (((i / size) | 0) + pad) * side + (i % size) + pad;
    result[i] = sums[j] / weights[j];
  }
  return clipped(result);
}

/**
 * The image near the noisy one that has little total variation (Chambolle 2004), as scikit-image finds it.
 *
 * @param {Image} image
 * @param {number} size
 * @param {number} weight
 */
export function totalVariation(image, size, weight) {
  const count = size * size;
  const down = new Float64Array(count);
  const right = new Float64Array(count);
  const out = Float64Array.from(image);
  const tau = 1 / 4;
  let first = 0;
  let before = Infinity;
  for (let round = 0; round < 1000; round++) {
    let energy = 0;
    for (let i = 0; round > 0 && i < count; i++) {
      const d = (i >= size ? down[i - size] : 0) - down[i] + (i % size ? right[i - 1] : 0) - right[i];
      out[i] = image[i] + d;
      energy += d * d;
    }
    for (let i = 0; i < count; i++) {
      const below = i < count - size ? out[i + size] - out[i] : 0;
      const beside = (i + 1) % size ? out[i + 1] - out[i] : 0;
      const norm = Math.sqrt(below * below + beside * beside);
      energy += weight * norm;
      const scale = 1 + (tau / weight) * norm;
      down[i] = (down[i] - tau * below) / scale;
      right[i] = (right[i] - tau * beside) / scale;
    }
    if (round === 0) first = energy;
    else if (Math.abs(before - energy) < 1e-5 * first) break;
    before = energy;
  }
  return clipped(out);
}
