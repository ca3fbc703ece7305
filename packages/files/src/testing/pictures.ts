/** Pictures of the kinds that are read, for tests. */
import sharp from 'sharp';

/** A square picture in which no two neighbours are alike. */
export async function pictureOf(side: number, format: 'png' | 'jpeg', channels: 1 | 3 | 4): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: side * side * channels }, (_, i) => (i * 37 + (i >> 3)) % 256));
  return await sharp(pixels, { raw: { width: side, height: side, channels } })
    .toFormat(format)
    .toBuffer();
}
