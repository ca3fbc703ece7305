/**
 * Images in CSV or JSON, as the model's bytes. What is no such text, or too much of it, is found before anything is
 * made of it: a JSON of nothing but brackets would become a hundred times as much memory, and take seconds.
 */
import { DataError, parseCsv } from '@anke/data';
import { RequestError } from './request-error.js';

export interface ImageLimits {
  /** (height, width, channels) */
  readonly shape: readonly [number, number, number];
  /** The most images in a request. */
  readonly mostImages: number;
}

export interface RequestImages {
  readonly pixels: Uint8Array;
  readonly ids: readonly string[] | undefined;
}

export type TextFormat = 'csv' | 'json';

/** @throws RequestError if the text holds no images of this shape, or too many */
export const parseImages = (format: TextFormat, text: Uint8Array, limits: ImageLimits): RequestImages =>
  format === 'csv' ? fromCsv(text, limits) : { pixels: fromJson(text, limits), ids: undefined };

export const tooManyImages = (most: number): RequestError =>
  new RequestError(413, `a request may have ${most} images; send the others in further ones`);

function fromCsv(text: Uint8Array, { shape, mostImages }: ImageLimits): RequestImages {
  try {
    const { pixels, ids, count } = parseCsv('request', text, { imageShape: shape, limit: mostImages + 1 });
    if (count > mostImages) throw tooManyImages(mostImages);
    return { pixels, ids };
  } catch (error) {
    if (error instanceof DataError) throw new RequestError(400, error.message);
    throw error;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const FORM = '[image, …] or {"images": [image, …]}';

/** `[image, …]` or `{ "images": [image, …] }`; an image is its bytes, flat or nested as (height, width, channels). */
function fromJson(text: Uint8Array, limits: ImageLimits): Uint8Array {
  checkSize(text, limits);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(text));
  } catch {
    throw new RequestError(400, 'the body is no JSON');
  }
  const images = Array.isArray(value) ? value : (value as { images?: unknown } | null)?.images;
  if (!Array.isArray(images) || images.length === 0) throw new RequestError(400, `expected ${FORM}`);
  const { shape, mostImages } = limits;
  if (images.length > mostImages) throw tooManyImages(mostImages);
  const length = shape[0] * shape[1] * shape[2];
  const pixels = new Uint8Array(images.length * length);
  images.forEach((image: unknown, i) => {
    const numbers: readonly unknown[] = Array.isArray(image) ? (Array.isArray(image[0]) ? image.flat(2) : image) : [];
    if (numbers.length !== length)
      throw new RequestError(
        400,
        `image ${i}: expected ${length} pixels (${shape.join(' × ')}), found ${numbers.length}`,
      );
    // A plain loop with one comparison a pixel: most of a request's time would go here otherwise.
    for (let j = 0; j < length; j++) {
      const pixel = numbers[j] as number;
      if ((pixel & 255) !== pixel)
        throw new RequestError(400, `image ${i}, pixel ${j}: expected an integer in 0 … 255, found ${shown(pixel)}`);
      pixels[i * length + j] = pixel;
    }
  });
  return pixels;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 22) : value);
}

/** An object, its images, an image, a row, a pixel's channels. */
const MOST_DEPTH = 5;
/** There is one, "images", and perhaps some that a client adds. */
const MOST_STRINGS = 64;

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d];
/** `{` and `}` differ from `[` and `]` by this bit. */
const CURLY = 0x20;

/** @throws RequestError if the text is more deeply nested than images are, or has more values than they may have */
function checkSize(text: Uint8Array, { shape: [height, width, channels], mostImages }: ImageLimits): void {
  // An array or a comma for each image, row, pixel and channel.
  const mostValues = 2 + mostImages * (1 + height * (1 + width * (1 + channels)));
  let [depth, values, strings] = [0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] as number;
    // Digits and blanks, which nearly everything is.
    if (byte !== COMMA && byte !== QUOTE && byte < OPEN) continue;
    if (byte === QUOTE) {
      if (++strings > MOST_STRINGS)
        throw new RequestError(400, `expected ${FORM}, found more than ${MOST_STRINGS} strings`);
      for (i++; i < text.length && text[i] !== QUOTE; i++) if (text[i] === BACKSLASH) i++;
      continue;
    }
    const bracket = byte & ~CURLY;
    if (bracket === CLOSE) depth--;
    else if (bracket === OPEN && ++depth > MOST_DEPTH)
      throw new RequestError(400, `expected ${FORM}, found arrays nested more than ${MOST_DEPTH} deep`);
    if ((byte === COMMA || bracket === OPEN) && ++values > mostValues) throw tooManyImages(mostImages);
  }
}
