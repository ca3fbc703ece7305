/** What a recipe's augmentation makes of some images, by the kernel that training uses. */
import { ImageDataGenerator, type ImageDataGeneratorOptions, type ImageDataset } from '@anke/data';
import { augment, Eager, type Gpu } from '@anke/kernels';
import type { ResolvedRecipe } from '@anke/training';
import type { Picture } from '../protocol.js';
import { pictureOf } from './look.js';

const IMAGES = 4;
const COPIES = 7;

/**
 * The first images, each followed by changed copies; undefined if the recipe changes none.
 *
 * @throws ParameterError if a parameter of the augmentation makes no sense
 */
export async function augmented(
  gpu: Gpu,
  { augmentation: asked, seed }: ResolvedRecipe,
  images: ImageDataset,
): Promise<(readonly Picture[])[] | undefined> {
  const augmentation = new ImageDataGenerator(asked as ImageDataGeneratorOptions).augmentation(images.shape);
  if (!augmentation) return undefined;
  const first = images.slice(0, Math.min(IMAGES, images.count));
  const { count, shape, rowLength } = first;
  const batch = count * COPIES;
  const storages = {
    pixels: gpu.upload('pixels', first.pixels),
    labels: gpu.upload('labels', new Uint32Array(count)),
    order: gpu.upload(
      'order',
      Uint32Array.from({ length: batch }, (_, i) => Math.floor(i / COPIES)),
    ),
    counters: gpu.upload('counters', Uint32Array.of(0, 0, seed)),
    x: gpu.storage('x', 4 * batch * rowLength),
    y: gpu.storage('y', 4 * batch, 'u32'),
  };
  try {
    const executor = new Eager(gpu);
    const params = { batch, rows: count, rowLength, stride: batch, factor: 1, offset: 0, shape, augmentation };
    executor.dispatch(augment, params, storages);
    await executor.finish();
    const pixels = Uint8Array.from(await gpu.readFloats(storages.x), Math.round);
    const [height, width, channels] = shape;
    const copy = (i: number): Picture => ({
      pixels: pixels.slice(i * rowLength, (i + 1) * rowLength),
      height,
      width,
      channels,
    });
    return Array.from({ length: count }, (_, row) => [
      pictureOf(first, row),
      ...Array.from({ length: COPIES }, (__, i) => copy(row * COPIES + i)),
    ]);
  } finally {
    for (const storage of Object.values(storages)) storage.destroy();
  }
}
