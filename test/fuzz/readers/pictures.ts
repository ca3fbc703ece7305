/** PNG and JPEG pictures. */
import { decodePicture } from '@anke/files';
import { pictureOf } from '../../../packages/files/src/testing/pictures.js';
import { Difference, type Reader } from '../reader.ts';

/** As the file has them, then as a model asks for them. */
async function read(bytes: Uint8Array): Promise<void> {
  const { shape, pixels } = await decodePicture('file', bytes, undefined);
  const [height, width, channels] = shape;
  if (![1, 3].includes(channels)) throw new Difference(`${channels} channels`);
  if (pixels.length !== height * width * channels) throw new Difference(`${pixels.length} pixels for ${shape}`);
  const scaled = await decodePicture('file', bytes, [4, 5, 1]);
  if (scaled.pixels.length !== 4 * 5 || scaled.shape.join() !== '4,5,1')
    throw new Difference(`scaled: ${scaled.shape}`);
}

export const pngReader: Reader = {
  seeds: async () => [await pictureOf(6, 'png', 1), await pictureOf(12, 'png', 3), await pictureOf(5, 'png', 4)],
  words: [
    '\x89PNG',
    'IHDR',
    'IDAT',
    'IEND',
    'PLTE',
    'tRNS',
    '\x00\x00\x00\x0d',
    '\xff\xff\xff\xff',
    '\x00\x01\x00\x00',
  ],
  native: true,
  read,
};

export const jpegReader: Reader = {
  seeds: async () => [await pictureOf(8, 'jpeg', 1), await pictureOf(17, 'jpeg', 3)],
  words: [
    '\xff\xd8',
    '\xff\xd9',
    '\xff\xc0',
    '\xff\xc2',
    '\xff\xc4',
    '\xff\xda',
    '\xff\xdb',
    '\xff\xe1',
    'Exif',
    '\xff\xff',
  ],
  native: true,
  read,
};
