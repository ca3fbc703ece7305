/** `anke inspect`: what a data set holds, and what is odd about it. */

import {
  areInverted,
  countShared,
  type DataSets,
  ImageDataset,
  type Inspection,
  inspect,
  missingClasses,
  splitForValidation,
} from '@anke/data';
import { writeWhole } from '@anke/files';
import { contactSheet, count, namedSheet } from '@anke/report';
import { readDataFacts } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { DATA_KINDS, type DataOptions, dataOptions, readDataSets, remarksOn } from '../data-sets.js';
import { CommandError } from '../errors.js';
import { fromRun } from '../run-files.js';
import { Terminal } from '../terminal.js';
import { operands } from './operands.js';
import { GROUP, positive, share } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends DataOptions, OutputOptions {
  readonly data: string;
  readonly model?: string;
  readonly validationSplit: number;
}

export function addInspect(program: Command): void {
  const command = operands(program.command('inspect'), [{ option: 'data', name: 'data', description: DATA_KINDS }])
    .description('shapes, classes and pixels of a data set, a sheet of its images, and what would spoil a training')
    .optionsGroup(GROUP.data)
    .option('--model <run>', 'are these images like those that the model of this run has learned from?')
    .option('--validation-split <x>', 'the share, of the first rows, that a training would hold out', share, 0.2)
    .option('--limit <n>', 'look only at the first rows for training', positive);
  outputOptions(dataOptions(command), 'png', 'draw a sheet of the images there', 'sheet')
    .addHelpText(
      'after',
      `
Examples:
  anke inspect data/digits
  anke inspect data/digits/Dig-MNIST.csv --model runs/first --out harder.png`,
    )
    .action(() => runInspect(command.opts()));
}

async function runInspect(options: Options): Promise<void> {
  const { data: path } = options;
  const terminal = new Terminal(options);
  const out = options.out === undefined ? undefined : writable(options.out, options);
  const facts = options.model === undefined ? undefined : await fromRun(options.model, readDataFacts);
  if (options.model !== undefined && !facts) {
    throw new CommandError(`${options.model}: there is no data.json in it that tells what the model has learned from`);
  }
  const sets = await readDataSets(terminal, path, options);
  const parts: readonly (readonly [name: string, what: string, data: ImageDataset | undefined])[] = [
    ['train', 'for training', sets.train],
    ['validation', 'for validation', sets.validation],
    ['test', 'for testing', sets.test],
    ...Object.entries(sets.extra).map(([name, data]) => [name, name, data] as const),
  ];
  const all = parts.flatMap(([name, what, data]) => (data ? [{ name, what, data, result: inspect(data) }] : []));
  const [first] = all;
  if (!first) throw new CommandError(`${path}: there are no images in it`);
  for (const line of remarksOn(sets)) terminal.say(line);
  for (const { what, data, result } of all) show(terminal, `${data.source}, ${what}`, result);

  const warnings = [
    ...all.flatMap(({ data, result }) => warningsOf(data, result)),
    ...warningsBetween(sets, options.validationSplit),
    ...all.flatMap(({ data, result }) => [
      ...(facts && areInverted(result.pixels, facts.pixels)
        ? [
            `${data.source}: dark and light are the other way round than in ${facts.source}, ` +
              'which the model has learned from (predict --invert turns them)',
          ]
        : []),
      ...(data !== first.data && areInverted(result.pixels, first.result.pixels)
        ? [`${data.source}: dark and light are the other way round than in ${first.data.source}`]
        : []),
    ]),
  ];
  terminal.heading(
    warnings.length > 0 ? 'What would spoil a training' : 'Nothing was found that would spoil a training',
  );
  for (const warning of warnings) terminal.say(`  ${colors.yellow('!')} ${warning}`);

  if (out !== undefined) {
    const { picture, what } = await sheetOf(first.data);
    writeWhole(out, picture);
    terminal.say(`\n${what}: ${out}`);
  }
  terminal.result({
    sets: Object.fromEntries(all.map(({ name, data, result }) => [name, { source: data.source, ...result }])),
    warnings,
    pictureSizes: sets.pictureSizes ?? null,
    unused: sets.unused,
    out,
  });
}

function show(
  terminal: Terminal,
  title: string,
  { images, shape, classes, pixels, duplicates, constant }: Inspection,
): void {
  terminal.heading(title);
  terminal.fact('images', `${count(images)} of ${shape.join(' × ')}`);
  const { mean, deviation, least, most, border } = pixels;
  terminal.fact(
    'pixels',
    `${least} … ${most}, mean ${mean.toFixed(1)} ± ${deviation.toFixed(1)}, at the edges ${border.toFixed(1)}`,
  );
  terminal.fact('duplicates', duplicates === 0 ? 'none' : count(duplicates));
  if (constant.length > 0) terminal.fact('of one colour', count(constant.length));
  if (!classes) return;
  const longest = Math.min(24, terminal.columns - 32); // what a fact leaves beside a number
  const largest = Math.max(...classes.map((one) => one.images));
  const width = Math.max(...classes.map(({ name }) => name.length));
  for (const { name, images: held } of classes) {
    const bar = '█'.repeat(Math.round((longest * held) / Math.max(1, largest)));
    terminal.fact(`class ${name.padEnd(width)}`, `${count(held).padStart(7)} ${bar}`);
  }
}

/** Rows as people find them again: the file's line, or the number of the image. */
const rowsOf = (data: ImageDataset, rows: readonly number[]): string => {
  const shown = rows.slice(0, 5).map((row) => (data.source.includes('.csv') ? `line ${row + 2}` : `image ${row}`));
  return `${shown.join(', ')}${rows.length > shown.length ? ` and ${count(rows.length - shown.length)} more` : ''}`;
};

const imagesThat = (n: number): string => (n === 1 ? '1 image has' : `${count(n)} images have`);

/** The share of images that are copies of others, from which on it is said. */
const MANY_COPIES = 0.01;

function warningsOf(
  data: ImageDataset,
  { classes, constant, contradictions, duplicates, images }: Inspection,
): string[] {
  const warnings: string[] = [];
  if (classes && classes.filter(({ images: held }) => held > 0).length === 1)
    warnings.push(`${data.source}: all images are of one class, so there is nothing to tell apart`);
  if (duplicates > 0 && duplicates >= MANY_COPIES * images) {
    const copies =
      duplicates === 1 ? '1 image is a copy of another' : `${count(duplicates)} images are copies of others`;
    warnings.push(`${data.source}: ${copies}, so that a validation may hold what was trained on`);
  }
  if (constant.length > 0)
    warnings.push(`${data.source}: ${imagesThat(constant.length)} one colour only (${rowsOf(data, constant)})`);
  if (contradictions.length > 0) {
    const [a, b] = contradictions[0] as readonly [number, number];
    const found = `${imagesThat(contradictions.length)} another label than one that looks the same`;
    warnings.push(`${data.source}: ${found} (${rowsOf(data, [a, b])})`);
  }
  const fair = images / (classes?.length ?? 1);
  for (const { name, images: held } of classes ?? []) {
    if (held === 0) warnings.push(`${data.source}: class ${name} has no images`);
    else if (held < fair / 10)
      warnings.push(`${data.source}: class ${name} has only ${count(held)} ${held === 1 ? 'image' : 'images'}`);
  }
  return warnings;
}

function warningsBetween({ train, validation, test, testLabels, extra }: DataSets, validationSplit: number): string[] {
  const warnings: string[] = [];
  if (train?.labels) {
    try {
      if (!validation) splitForValidation(train, validationSplit);
    } catch (error) {
      warnings.push((error as Error).message);
    }
    for (const [data, labels] of [
      [test, testLabels],
      [validation, validation?.labels],
      ...Object.values(extra).map((data) => [data, data.labels] as const),
    ] as const) {
      const missing = data && labels ? missingClasses(train, labels, train.labels) : [];
      if (data && missing.length > 0)
        warnings.push(`${data.source}: class ${missing.join(', ')} is not in ${train.source}`);
    }
  }
  for (const other of [validation, test]) {
    const shared = train && other && train.rowLength === other.rowLength ? countShared(train, other) : 0;
    if (shared > 0)
      warnings.push(
        `${other?.source}: ${shared === 1 ? '1 image is' : `${count(shared)} images are`} in ${train?.source} too: ` +
          'predicting them proves nothing',
      );
  }
  return warnings;
}

const COLUMNS = 20;
const ROWS = 15;

/** The first images of each class in a row of its own, or simply the first ones. */
async function sheetOf(data: ImageDataset): Promise<{ readonly picture: Uint8Array; readonly what: string }> {
  const { labels, rowLength } = data;
  if (!labels || data.classes > 40) return { picture: contactSheet(data, COLUMNS, ROWS), what: 'The first images' };
  const rows = Array.from({ length: data.classes }, (): number[] => []);
  labels.forEach((label, row) => {
    const list = rows[label] as number[];
    if (list.length < COLUMNS) list.push(row);
  });
  const columns = Math.max(...rows.map((list) => list.length));
  const names = rows.map((_, label) => data.classNames?.[label] ?? String(label));
  const pixels = new Uint8Array(rows.length * columns * rowLength);
  rows.forEach((list, label) => {
    list.forEach((row, i) => {
      pixels.set(data.pixels.subarray(row * rowLength, (row + 1) * rowLength), (label * columns + i) * rowLength);
    });
  });
  return {
    picture: await namedSheet(new ImageDataset(data.source, data.shape, pixels), columns, { rows: names }),
    what: 'The first images of each class, a row a class',
  };
}
