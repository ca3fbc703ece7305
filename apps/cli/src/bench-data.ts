/** Noise in the shape of the notebook's images, for measurements. */
import type { Samples } from '@anke/nn';
import { Random } from '@anke/random';
import { RESCALE } from '@anke/training';

export const SHAPE = [28, 28, 1] as const;

export function randomSamples(images: number): Samples {
  const random = new Random(1, 'bench');
  const image = Uint8Array.from({ length: 784 }, () => random.integer(256));
  const pixels = new Uint8Array(images * 784);
  for (let i = 0; i < images; i++)
    pixels.set(
      image.map((value) => (value + 37 * i) % 256),
      i * 784,
    );
  return { pixels, labels: Uint8Array.from({ length: images }, (_, i) => i % 10), shape: SHAPE, rescale: RESCALE };
}
