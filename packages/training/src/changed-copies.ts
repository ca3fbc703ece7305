/** Copies of images that are changed at random, by the kernel that training uses. */
import { ImageDataGenerator, ImageDataset } from '@anke/data';
import { type Augmentation, augment, Eager, type Gpu } from '@anke/kernels';

/** Images of a dispatch: more would need buffers beyond what devices bind. */
const CHUNK = 1024;

export interface CopyOptions {
  readonly seed: number;
  /** The copies of different steps are changed differently. */
  readonly step: number;
  /** Whether all images are changed in the same way; else each in its own. */
  readonly alike?: boolean;
}

/** A copy of all images, changed at random; values are rounded to bytes. Labels, ids and scale stay. */
export async function changedCopy(
  gpu: Gpu,
  images: ImageDataset,
  augmentation: Augmentation,
  { seed, step, alike = false }: CopyOptions,
): Promise<ImageDataset> {
  const { source, shape, rowLength, count } = images;
  const pixels = new Uint8Array(images.pixels.length);
  const chunks = Math.ceil(count / CHUNK);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const part = images.slice(chunk * CHUNK, Math.min((chunk + 1) * CHUNK, count));
    const batch = part.count;
    const storages = {
      pixels: gpu.upload('pixels', part.pixels),
      labels: gpu.upload('labels', new Uint32Array(batch)),
      order: gpu.upload(
        'order',
        Uint32Array.from({ length: batch }, (_, i) => i),
      ),
      counters: gpu.upload('counters', Uint32Array.of(alike ? step : step * chunks + chunk, 0, seed)),
      x: gpu.storage('x', batch * rowLength * 4),
      y: gpu.storage('y', batch * 4, 'u32'),
    };
    try {
      const executor = new Eager(gpu);
      const params = { batch, rows: batch, rowLength, stride: batch, factor: 1, offset: 0, shape, augmentation, alike };
      executor.dispatch(augment, params, storages);
      await executor.finish();
      const changed = await gpu.readFloats(storages.x);
      pixels.set(Uint8Array.from(changed, Math.round), chunk * CHUNK * rowLength);
    } finally {
      for (const storage of Object.values(storages)) storage.destroy();
    }
  }
  return new ImageDataset(source, shape, pixels, images);
}

/** How images are changed for a prediction by several copies: so little that a class stays what it is. */
const SLIGHT = { rotationRange: 5, widthShiftRange: 0.05, heightShiftRange: 0.05, zoomRange: 0.05 };

/**
 * What test-time augmentation predicts: the images as they are, then copies − 1 that are turned by up to 5°, moved and
 * scaled by up to 5% (edges go on beyond themselves). All images of a copy are changed in the same way, so that what is
 * said of an image does not depend on those beside it.
 */
export async function* slightCopies(
  gpu: Gpu,
  images: ImageDataset,
  copies: number,
  seed: number,
): AsyncGenerator<ImageDataset, void, void> {
  yield images;
  const augmentation = new ImageDataGenerator(SLIGHT).augmentation(images.shape) as Augmentation;
  for (let step = 1; step < copies; step++)
    yield await changedCopy(gpu, images, augmentation, { seed, step, alike: true });
}
