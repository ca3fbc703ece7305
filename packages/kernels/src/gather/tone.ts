/**
 * What `augment` changes at random in an image's pixels once it is known where they come from: the thickness of
 * strokes, contrast, noise, and a rectangle that is erased. Here are the shader's numbers and functions, and the
 * reference.
 *
 *   stroke    value = the largest of those at (r', c') and at the four places that are |t| pixels away from it along
 *             rows and columns, for t > 0; for t < 0 the least; t is drawn evenly in ±stroke. That is a dilation or
 *             erosion of grey images (Serra, Image Analysis and Mathematical Morphology, 1982) by the corners of a
 *             diamond, of a size that is no whole number.
 *   contrast  value = mean + contrast · (value − mean), as Keras's RandomContrast; the mean is that of all pixels of
 *             the image as it was
 *   noise     value = value · brightness + σ · √3 · (u₀ + u₁ + u₂ + u₃ − 2), u drawn evenly in 0 … 1: the sum of four
 *             has variance 1/3 and is near to normal (Irwin and Hall, Biometrika 19, 1927), and needs no logarithm
 *   erasing   cval in a rectangle, with a probability (Zhong et al., arXiv:1708.04896); its height and width are drawn
 *             evenly, each from its bounds, and its place from all that lie inside the image, as whole numbers
 *
 * They draw from blocks 2 and 3 of the image's numbers; noise has a stream of its own, with the pixel's number in the
 * counter.
 */
import { philox4x32 } from '@anke/random';
import { STREAMS } from '../random/philox.js';
import { EPSILON } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';
import type { AugmentParams, Erasing } from './augmentation.js';

/** Threads of a workgroup, each of which adds up a part of the mean. */
export const THREADS = 64;

const NONE: Erasing = { probability: 0, heights: [1, 1], widths: [1, 1] };
const ROOT_3 = Math.sqrt(3);

/** With what `augment` declares: `philox`, `pixelAt`. */
export function toneWgsl({ augmentation }: AugmentParams): string {
  const { stroke = 0, contrast = [1, 1], noise = 0, erasing = NONE } = augmentation;
  return `
${constants({
  STROKE: { f32: stroke },
  CONTRAST: augmentation.contrast !== undefined,
  LEAST_CONTRAST: { f32: contrast[0] },
  MOST_CONTRAST: { f32: contrast[1] },
  NOISE: { f32: noise * ROOT_3 },
  NOISE_STREAM: STREAMS.pixelNoise,
  // Of the upper 24 bits of a word.
  ERASING: Math.round(erasing.probability * 2 ** 24),
  LEAST_HEIGHT: erasing.heights[0],
  MOST_HEIGHT: erasing.heights[1],
  LEAST_WIDTH: erasing.widths[0],
  MOST_WIDTH: erasing.widths[1],
})}

/// One of the whole numbers low … high, by 16 bits.
fn wholeBetween(low: u32, high: u32, bits: u32) -> u32 {
  return low + ((bits * (high - low + 1u)) >> 16u);
}

fn noiseOf(image: u32, i: u32) -> f32 {
  let words = philox(vec4u(i, counters[0], image, NOISE_STREAM), vec2u(counters[2], 0u));
  let drawn = vec4f(words >> vec4u(8u)) * 0x1p-24;
  return NOISE * (drawn.x + drawn.y + drawn.z + drawn.w - 2.0);
}
${
  // Workgroup memory is set to zero at the beginning, which takes time: it is there only if it is used.
  augmentation.contrast === undefined
    ? `
fn addPart(start: u32, local: u32) {}
fn meanOf() -> f32 { return 0.0; }`
    : `
var<workgroup> parts: array<f32, THREADS>;

fn addPart(start: u32, local: u32) {
  var part = 0.0;
  for (var i = local; i < ROW_LENGTH; i += THREADS) { part += pixelAt(start + i); }
  parts[local] = part;
}

fn meanOf() -> f32 {
  var sum = 0.0;
  for (var part = 0u; part < THREADS; part++) { sum += parts[part]; }
  return sum / f32(ROW_LENGTH);
}`
}`;
}

/** What the reference knows of a value: how large its terms are, and how far it may be off besides their roundings. */
export interface Toned {
  readonly value: number;
  readonly size: number;
  readonly error: number;
}

export interface Tone {
  /** t: how far strokes grow at each of their edges, in pixels. */
  readonly thickness: number;
  /** A value of a pixel with contrast, brightness, noise and erasing, before it ends at the largest one. */
  apply(at: { readonly row: number; readonly column: number; readonly index: number }, value: Toned): Toned;
}

interface Drawn {
  readonly step: number;
  readonly seed: number;
  readonly image: number;
}

/**
 * What an image draws.
 *
 * @param third and
 * @param fourth blocks 2 and 3 of the image's numbers
 * @param pixels the image as it is
 */
export function toneOf(
  { shape: [height, width], augmentation }: AugmentParams,
  { step, seed, image, third, fourth }: Drawn & { readonly third: Uint32Array; readonly fourth: Uint32Array },
  pixels: Float64Array,
): Tone {
  const { stroke = 0, contrast, noise = 0, erasing = NONE, brightness: bright, cval } = augmentation;
  const [brightened = 0, , , strokeWord = 0] = third;
  const [contrastWord = 0, erasingWord = 0, size = 0, place = 0] = fourth;
  const between = (low: number, high: number, word: number): number => low + (high - low) * ((word >>> 8) / 2 ** 24);
  const whole = (low: number, high: number, bits: number): number => low + ((bits * (high - low + 1)) >>> 16);
  const brightness = between(...bright, brightened);
  const factor = contrast ? between(...contrast, contrastWord) : 1;
  const mean = pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
  const meanSize = pixels.reduce((sum, pixel) => sum + Math.abs(pixel), 0) / pixels.length;
  // Sums of a thread's pixels and of the threads, and a division.
  const meanError = EPSILON * (Math.ceil(pixels.length / THREADS) + THREADS + 3) * meanSize;
  const [tall, wide] = [whole(...erasing.heights, size >>> 16), whole(...erasing.widths, size & 0xffff)];
  const [top, left] = [whole(0, height - tall, place >>> 16), whole(0, width - wide, place & 0xffff)];
  const erases = erasingWord >>> 8 < Math.round(erasing.probability * 2 ** 24);
  const noiseAt = (index: number): number => {
    if (noise === 0) return 0;
    const words = Uint32Array.of(index, step, image, STREAMS.pixelNoise);
    philox4x32(words, seed, 0);
    return noise * ROOT_3 * (words.reduce((sum, word) => sum + (word >>> 8) / 2 ** 24, 0) - 2);
  };
  return {
    thickness: between(-stroke, stroke, strokeWord),
    apply({ row, column, index }, given) {
      if (erases && row >= top && row < top + tall && column >= left && column < left + wide)
        return { value: cval, size: Math.abs(cval), error: 0 };
      const contrasted = contrast
        ? {
            value: mean + factor * (given.value - mean),
            size: meanSize + factor * (given.size + meanSize),
            error: factor * given.error + (1 + factor) * meanError,
          }
        : given;
      return {
        value: contrasted.value * brightness + noiseAt(index),
        // The sum of four is at most 4 before 2 is taken from it.
        size: contrasted.size * brightness + 6 * noise * ROOT_3,
        error: contrasted.error * brightness,
      };
    },
  };
}
