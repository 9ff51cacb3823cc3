/** PSNR and SSIM as in scikit-image, for images in [0, 1] (data_range 1). */

const WINDOW = 7;

/**
 * Mean squared difference.
 *
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function mse(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/**
 * In decibel; infinite where the images are equal.
 *
 * @param {ArrayLike<number>} clean
 * @param {ArrayLike<number>} image
 */
export const psnr = (clean, image) => -10 * Math.log10(mse(clean, image));

/**
 * Mean over all 7x7 windows inside the image (Wang et al. 2004), variances divided by 48 as in scikit-image.
 *
 * @param {ArrayLike<number>} clean
 * @param {ArrayLike<number>} image
 * @param {number} size
 */
export function ssim(clean, image, size) {
  const c1 = 0.01 ** 2;
  const c2 = 0.03 ** 2;
  const count = WINDOW * WINDOW;
  const places = size - WINDOW + 1;
  let sum = 0;
  for (let row = 0; row < places; row++) {
    for (let column = 0; column < places; column++) {
      let x = 0, y = 0, xx = 0, yy = 0, xy = 0;
      for (let i = row; i < row + WINDOW; i++) {
        for (let j = i * size + column; j < i * size + column + WINDOW; j++) {
          const a = clean[j];
          const b = image[j];
          x += a;
          y += b;
          xx += a * a;
          yy += b * b;
          xy += a * b;
        }
      }
      x /= count;
      y /= count;
      const varX = (xx - count * x * x) / (count - 1);
      const varY = (yy - count * y * y) / (count - 1);
      const together = (xy - count * x * y) / (count - 1);
      sum += ((2 * x * y + c1) * (2 * together + c2)) / ((x * x + y * y + c1) * (varX + varY + c2));
    }
  }
  return sum / (places * places);
}
