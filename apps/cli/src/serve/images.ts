/** Images in the body of a request, as the model's bytes. */
import { DataError, parseCsv } from '@anke/data';
import { decodePicture } from '@anke/files';
import { quoted } from '@anke/nn';

/** The request is wrong, and the client can fix it. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface RequestImages {
  readonly pixels: Uint8Array;
  readonly ids: readonly string[] | undefined;
}

type Shape = readonly [number, number, number];
const TYPES = 'text/csv, application/json, image/png or image/jpeg';

/** @throws RequestError if the body holds no images of this shape */
export async function imagesOf(contentType: string, body: Uint8Array, shape: Shape): Promise<RequestImages> {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  try {
    if (type === 'text/csv') {
      const { pixels, ids } = parseCsv('request', body, { imageShape: shape });
      return { pixels, ids };
    }
    if (type === 'image/png' || type === 'image/jpeg') {
      return { pixels: (await decodePicture('request', body, shape)).pixels, ids: undefined };
    }
  } catch (error) {
    if (error instanceof DataError) throw new RequestError(400, error.message);
    throw error;
  }
  if (type === 'application/json') return { pixels: fromJson(body, shape), ids: undefined };
  throw new RequestError(415, `the content type must be ${TYPES}, not ${quoted(type)}`);
}

/**
 * `[image, …]` or `{ "images": [image, …] }`; an image is an array of bytes, flat or nested as (height, width,
 * channels).
 */
function fromJson(body: Uint8Array, shape: Shape): Uint8Array {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RequestError(400, 'the body is no JSON');
  }
  const images = Array.isArray(value) ? value : (value as { images?: unknown } | null)?.images;
  if (!Array.isArray(images) || images.length === 0)
    throw new RequestError(400, 'expected [image, …] or {"images": [image, …]}');
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
      if ((pixel & 255) !== pixel) {
        throw new RequestError(
          400,
          `image ${i}, pixel ${j}: expected an integer in 0 … 255, found ${JSON.stringify(pixel).slice(0, 24)}`,
        );
      }
      pixels[i * length + j] = pixel;
    }
  });
  return pixels;
}
