/** `anke preview`: images, and what augmentation makes of them, as a picture. */

import { ImageDataset } from '@anke/data';
import { writeWhole } from '@anke/files';
import { type Augmentation, augment, Eager } from '@anke/kernels';
import { contactSheet, count, namedSheet } from '@anke/report';
import type { Command } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readTraining } from '../data-sets.js';
import { type Device, openDevice } from '../device.js';
import { Terminal } from '../terminal.js';
import { type AugmentOptions, augmentationOf, augmentOptions, generatorOf, USUAL } from './augment-options.js';
import { operands } from './operands.js';
import { GROUP, natural, positive, seed } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends AugmentOptions, DataOptions, OutputOptions {
  readonly data: string;
  readonly images: number;
  readonly copies: number;
  readonly seed: number;
}

export function addPreview(program: Command): void {
  const command = operands(program.command('preview'), [
    { option: 'data', name: 'data', description: `images: ${DATA_KINDS}` },
  ])
    .description('a picture of images, and of what augmentation makes of them')
    .optionsGroup(GROUP.picture)
    .option('--images <n>', 'images, one a row', positive, 12)
    .option('--copies <n>', 'augmented copies of each, beside it', natural, 11)
    .option('--seed <n>', 'everything random comes from it', seed, 77);
  augmentOptions(dataOptions(command));
  outputOptions(command, 'png', 'where to write the picture; default: preview.png', 'output')
    .addHelpText(
      'after',
      `
Examples:
  anke preview data/digits --augment
  anke preview data/digits --rotation-range 30 --zoom-range 0.5,1 --out turned.png`,
    )
    .action(() => runPreview(command.opts()));
}

async function runPreview(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const out = writable(options.out ?? 'preview.png', options);
  const generator = generatorOf(augmentationOf(options)); // a wrong option is told before anything is read
  const { train: data } = await readTraining(terminal, { ...options, limit: options.images });
  // Without an option that changes anything, the usual changes are what a preview is for.
  const augmentation =
    generator.augmentation(data.shape) ?? (generatorOf(USUAL).augmentation(data.shape) as Augmentation);
  const device = await openDevice(terminal);
  const columns = options.copies + 1;
  const { rowLength } = data;
  const pixels = new Uint8Array(data.count * columns * rowLength);
  const put = (column: number, images: Uint8Array): void => {
    for (let row = 0; row < data.count; row++)
      pixels.set(images.subarray(row * rowLength, (row + 1) * rowLength), (row * columns + column) * rowLength);
  };
  put(0, data.pixels);
  let column = 1;
  for await (const copy of augmentedCopies(device, data, options.copies, augmentation, options.seed))
    put(column++, copy);
  const all = new ImageDataset(data.source, data.shape, pixels);
  const picture =
    options.copies > 0
      ? await namedSheet(all, columns, { columns: ['original', 'augmented'] })
      : contactSheet(all, columns, data.count);
  writeWhole(out, picture);
  const images = data.count === 1 ? '1 image' : `${count(data.count)} images`;
  const copies = options.copies === 1 ? '1 augmented copy' : `${count(options.copies)} augmented copies`;
  terminal.say(`${images}${options.copies > 0 ? `, with ${copies} of each beside it` : ''}: ${out}`);
  terminal.result({ out, images: data.count, copies: options.copies, augmentation });
  device.gpu.destroy();
}

/** A copy of every image, by the kernel that training uses; each number is a step of its own. */
async function* augmentedCopies(
  { gpu }: Device,
  { pixels, count: batch, shape, rowLength }: ImageDataset,
  copies: number,
  augmentation: Augmentation,
  seed: number,
): AsyncGenerator<Uint8Array> {
  const storages = {
    pixels: gpu.upload('pixels', pixels),
    labels: gpu.upload('labels', new Uint32Array(batch)),
    order: gpu.upload(
      'order',
      Uint32Array.from({ length: batch }, (_, i) => i),
    ),
    counters: gpu.storage('counters', 12, 'u32'),
    x: gpu.storage('x', batch * rowLength * 4),
    y: gpu.storage('y', batch * 4, 'u32'),
  };
  for (let copy = 0; copy < copies; copy++) {
    gpu.write(storages.counters, Uint32Array.of(copy, 0, seed));
    const executor = new Eager(gpu);
    const params = { batch, rows: batch, rowLength, stride: batch, factor: 1, offset: 0, shape, augmentation };
    executor.dispatch(augment, params, storages);
    await executor.finish();
    yield Uint8Array.from(await gpu.readFloats(storages.x), Math.round);
  }
}
