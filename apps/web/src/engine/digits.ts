/** The synthetic digits: the same bytes as `anke synth` writes with that seed, drawn here. */
import { ImageDataset, outlineOf, type PathCommand, synthesize } from '@anke/data';

/** What they are called as the source of a run's images. */
export const SYNTHETIC = 'synthetic digits';

/** For each font, the paths of its ten digits, from the page's own files. */
async function digitPaths(): Promise<readonly (readonly (readonly PathCommand[])[])[]> {
  const { default: address } = await import('virtual:digit-paths');
  const answer = await fetch(new URL(address, import.meta.url));
  if (!answer.ok) throw new Error(`the fonts of the digits cannot be loaded: ${answer.status} ${answer.statusText}`);
  return await answer.json();
}

/** @param onProgress digits that are drawn, some times a second */
export async function drawDigits(
  count: number,
  seed: number,
  onProgress: (done: number) => void,
): Promise<ImageDataset> {
  const fonts = (await digitPaths()).map((font) => font.map(outlineOf));
  const { train } = await synthesize(fonts, { train: count, test: 0, seed, onProgress });
  const { shape, pixels, labels } = train;
  return new ImageDataset(SYNTHETIC, shape, pixels, { labels });
}
