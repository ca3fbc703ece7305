/** If these failed, a damaged picture would be read as other pixels, or one of another format or size be decoded. */
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { countPixels, decodePicture } from './pictures.js';

const SHAPE = [28, 28, 1] as const;
const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i * i * 7) % 251);
const raw = sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } });

test('a PNG with a flipped bit gives the same pixels or none', async () => {
  const png = await raw.clone().png().toBuffer();
  let refused = 0;
  for (let bit = 0; bit < 8 * png.length; bit += 17) {
    const damaged = Buffer.from(png);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    const read = await decodePicture('p.png', damaged, SHAPE).catch((error: Error) => {
      expect(error.message).toMatch(/^p\.png: this picture cannot be read \(.*\)$/);
      refused++;
    });
    if (read) expect(read.pixels, `bit ${bit}`).toEqual(Buffer.from(pixels));
  }
  expect(refused).toBeGreaterThan(100);
});

describe('only PNG and JPEG, told by the first bytes', () => {
  test.each(['png', 'jpeg'] as const)('%s is read', async (format) => {
    const bytes = await raw.clone().toFormat(format).toBuffer();
    expect((await decodePicture('p', bytes, SHAPE)).pixels).toHaveLength(784);
    expect(await countPixels('p', bytes)).toBe(784);
  });

  test('what sharp could read beside them is refused', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"/>');
    const others = [svg, await raw.clone().webp().toBuffer(), await raw.clone().gif().toBuffer()];
    for (const bytes of others) {
      await expect(decodePicture('p', bytes, SHAPE)).rejects.toThrow('not those of a PNG or a JPEG');
      await expect(countPixels('p', bytes)).rejects.toThrow('not those of a PNG or a JPEG');
    }
  });
});
