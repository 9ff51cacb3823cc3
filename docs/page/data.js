/**
 * What comes with the page: images, weights and tuned parameters, put in by tools/make_page.py.
 *
 * @typedef {{ size: number, test: Float32Array[], train: Float32Array[], weights: Float64Array,
 *   tuned: Record<string, Record<string, any>>, levels: Record<string, number[]>, made: Record<string, any> }} Data
 */

/**
 * Unpack the page's data block: JSON, with float16 weights and 8-bit images deflated in base64.
 *
 * @param {string} text
 * @returns {Promise<Data>}
 */
export async function unpack(text) {
  const { packed, counts, ...rest } = JSON.parse(text);
  const deflated = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const pixels = rest.size * rest.size;
  const images = Array.from({ length: counts.test + counts.train }, (_, i) =>
    Float32Array.from(new Uint8Array(bytes, 2 * counts.weights + i * pixels, pixels), (v) => v / 255),
  );
  const weights = Float64Array.from({ length: counts.weights }, (_, i) => half(new DataView(bytes).getUint16(2 * i, true)));
  return { ...rest, weights, test: images.slice(0, counts.test), train: images.slice(counts.test) };
}

/** A float16 number from its bits. */
export function half(/** @type {number} */ bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
}
