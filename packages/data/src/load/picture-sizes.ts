/** Sizes of pictures that are not all of one size, and the one that they are scaled to. */
import type { ImageShape } from '../dataset.js';

/** (height, width) in pixels */
export type PictureSize = readonly [height: number, width: number];

export interface PictureSizes {
  /** How many different ones there are. */
  readonly different: number;
  /** By area. */
  readonly smallest: PictureSize;
  readonly largest: PictureSize;
  /** Of equals, the smallest; and how many pictures have it. */
  readonly mostFrequent: PictureSize;
  readonly pictures: number;
  /** The most frequent size, with three channels if any picture has a colour. */
  readonly scaledTo: ImageShape;
}

export const sizeKey = ([height, width]: ImageShape): string => `${height},${width}`;

/** The sizes of pictures; undefined if all of them have the same. */
export function sizesOf(
  pictures: readonly { readonly shape: ImageShape; readonly isGrey: boolean }[],
): PictureSizes | undefined {
  const counts = new Map<string, { readonly size: PictureSize; pictures: number }>();
  for (const { shape } of pictures) {
    const entry = counts.get(sizeKey(shape)) ?? { size: [shape[0], shape[1]], pictures: 0 };
    entry.pictures++;
    counts.set(sizeKey(shape), entry);
  }
  if (counts.size < 2) return undefined;
  const area = ([height, width]: PictureSize): number => height * width;
  const byArea = [...counts.values()].sort((a, b) => area(a.size) - area(b.size) || a.size[0] - b.size[0]);
  const [first] = byArea;
  const most = byArea.reduce((best, one) => (one.pictures > best.pictures ? one : best));
  return {
    different: counts.size,
    smallest: (first ?? most).size,
    largest: (byArea.at(-1) ?? most).size,
    mostFrequent: most.size,
    pictures: most.pictures,
    scaledTo: [...most.size, pictures.every(({ isGrey }) => isGrey) ? 1 : 3],
  };
}
