/** `anke preview`: images, and what augmentation makes of them, as a picture. */

import { ImageDataset } from '@anke/data';
import { writeWhole } from '@anke/files';
import { type Augmentation, augment, Eager } from '@anke/kernels';
import { contactSheet, count, namedSheet } from '@anke/report';
import type { Command } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readTraining } from '../data-sets.js';
import { type Device, openDevice } from '../device.js';
import { Terminal } from '../terminal.js';
import {
  type AugmentOptions,
  augmentationOf,
  augmentOptions,
  changesOf,
  EXAMPLES,
  generatorOf,
  USUAL,
} from './augment-options.js';
import { operands } from './operands.js';
import { GROUP, natural, positive, seed } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends AugmentOptions, DataOptions, OutputOptions {
  readonly data: string;
  readonly images: number;
  readonly copies: number;
  readonly each?: boolean;
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
    .option('--each', 'a row for each change by itself, and one for all of them, with the images side by side')
    .option('--seed <n>', 'everything random comes from it', seed, 77);
  augmentOptions(dataOptions(command));
  outputOptions(command, 'png', 'where to write the picture; default: preview.png', 'output')
    .addHelpText(
      'after',
      `
Examples:
  anke preview data/digits --augment
  anke preview data/digits --rotation-range 30 --zoom-range 0.5,1 --out turned.png
  anke preview data/digits --each`,
    )
    .action(() => runPreview(command.opts()));
}

async function runPreview(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const out = writable(options.out ?? 'preview.png', options);
  const asked = augmentationOf(options);
  const generator = generatorOf(asked); // a wrong option is told before anything is read
  const { train: data } = await readTraining(terminal, { ...options, limit: options.images });
  const device = await openDevice(terminal);
  const images = data.count === 1 ? '1 image' : `${count(data.count)} images`;
  if (options.each) {
    const changes = changesOf(generator.augmentation(data.shape) ? asked : EXAMPLES);
    const sheets = Object.values(changes).map((change) => generatorOf(change).augmentation(data.shape));
    const rows = [data.pixels, ...(await all(augmentedImages(device, data, sheets as Augmentation[], options.seed)))];
    const names = ['original', ...Object.keys(changes)];
    writeWhole(out, await namedSheet(stacked(data, rows), data.count, { rows: names }));
    terminal.say(`${images}, with each change by itself below: ${out}`);
    terminal.result({ out, images: data.count, changes });
  } else {
    // Without an option that changes anything, the usual changes are what a preview is for.
    const augmentation =
      generator.augmentation(data.shape) ?? (generatorOf(USUAL).augmentation(data.shape) as Augmentation);
    const copies = Array.from({ length: options.copies }, () => augmentation);
    const columns = [data.pixels, ...(await all(augmentedImages(device, data, copies, options.seed)))];
    const sheet = stacked(data, acrossRows(columns, data.rowLength));
    const picture =
      options.copies > 0
        ? await namedSheet(sheet, columns.length, { columns: ['original', 'augmented'] })
        : contactSheet(sheet, columns.length, data.count);
    writeWhole(out, picture);
    const made = options.copies === 1 ? '1 augmented copy' : `${count(options.copies)} augmented copies`;
    terminal.say(`${images}${options.copies > 0 ? `, with ${made} of each beside it` : ''}: ${out}`);
    terminal.result({ out, images: data.count, copies: options.copies, augmentation });
  }
  device.gpu.destroy();
}

/** Images one behind the other. */
function stacked({ source, shape }: ImageDataset, parts: readonly Uint8Array[]): ImageDataset {
  const pixels = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    pixels.set(part, end);
    end += part.length;
  }
  return new ImageDataset(source, shape, pixels);
}

/** The first image of each column, then the second of each, and so on. */
const acrossRows = (columns: readonly Uint8Array[], rowLength: number): Uint8Array[] =>
  Array.from({ length: (columns[0]?.length ?? 0) / rowLength }, (_, row) =>
    columns.map((column) => column.subarray(row * rowLength, (row + 1) * rowLength)),
  ).flat();

async function all<T>(values: AsyncGenerator<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

/** What each augmentation makes of the images, by the kernel that training uses; each is a step of its own. */
async function* augmentedImages(
  { gpu }: Device,
  { pixels, count: batch, shape, rowLength }: ImageDataset,
  augmentations: readonly Augmentation[],
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
  for (const [step, augmentation] of augmentations.entries()) {
    gpu.write(storages.counters, Uint32Array.of(step, 0, seed));
    const executor = new Eager(gpu);
    const params = { batch, rows: batch, rowLength, stride: batch, factor: 1, offset: 0, shape, augmentation };
    executor.dispatch(augment, params, storages);
    await executor.finish();
    yield Uint8Array.from(await gpu.readFloats(storages.x), Math.round);
  }
}
