/** Bodies of requests to `anke serve`. */
import { ImageReader } from '../../../apps/cli/src/serve/images.js';
import { pictureOf } from '../../../packages/files/src/testing/pictures.js';
import { Difference, type Reader } from '../reader.ts';

const reader = new ImageReader({ shape: [4, 4, 1], mostImages: 4096 });
const TYPES = ['text/csv', 'application/json', 'image/png', 'image/jpeg'];
const image = Array.from({ length: 16 }, (_, i) => (i * 37) % 256);

/** The first line is the content type, the rest the body. */
const request = (type: string, body: string | Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${type}\n`), Buffer.from(body)]);

export const requestReader: Reader = {
  seeds: async () => [
    request('application/json', JSON.stringify([image, image])),
    request('application/json', JSON.stringify({ images: [[0, 4, 8, 12].map((i) => image.slice(i, i + 4))] })),
    request('text/csv', `${image.map((_, i) => `pixel${i}`).join(',')}\n${image.join(',')}\n`),
    request('image/png', await pictureOf(4, 'png', 1)),
  ],
  words: [...TYPES, '[[', ']]', '{"images":[', '1e999', '-0', 'null', '0,0,0,0,'],
  native: true,
  async read(bytes) {
    const end = bytes.indexOf(0x0a);
    const type = Buffer.from(bytes.subarray(0, Math.max(0, end))).toString('latin1');
    const { pixels } = await reader.read(type, [Buffer.from(bytes.subarray(end + 1))]);
    if (pixels.length === 0 || pixels.length % 16 !== 0) throw new Difference(`${pixels.length} pixels`);
  },
};
