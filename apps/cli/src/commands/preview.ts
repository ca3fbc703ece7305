/** `anke preview`: images, and what augmentation makes of them, as a picture. */

import { ImageDataset } from '@anke/data';
import { writeWhole } from '@anke/files';
import type { Augmentation } from '@anke/kernels';
import { contactSheet, count, namedSheet } from '@anke/report';
import { changedCopy } from '@anke/training';
import type { Command } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readTraining } from '../data-sets.js';
import { openDevice } from '../device.js';
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
  /** What each augmentation makes of the images; each is a step of its own. */
  const changed = async (augmentations: readonly Augmentation[]): Promise<Uint8Array[]> => {
    const copies: Uint8Array[] = [];
    for (const [step, augmentation] of augmentations.entries())
      copies.push((await changedCopy(device.gpu, data, augmentation, { seed: options.seed, step })).pixels);
    return copies;
  };
  const images = data.count === 1 ? '1 image' : `${count(data.count)} images`;
  if (options.each) {
    const changes = changesOf(generator.augmentation(data.shape) ? asked : EXAMPLES);
    const sheets = Object.values(changes).map((change) => generatorOf(change).augmentation(data.shape));
    const rows = [data.pixels, ...(await changed(sheets as Augmentation[]))];
    const names = ['original', ...Object.keys(changes)];
    writeWhole(out, await namedSheet(stacked(data, rows), data.count, { rows: names }));
    terminal.say(`${images}, with each change by itself below: ${out}`);
    terminal.result({ out, images: data.count, changes });
  } else {
    // Without an option that changes anything, the usual changes are what a preview is for.
    const augmentation =
      generator.augmentation(data.shape) ?? (generatorOf(USUAL).augmentation(data.shape) as Augmentation);
    const copies = Array.from({ length: options.copies }, () => augmentation);
    const columns = [data.pixels, ...(await changed(copies))];
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
