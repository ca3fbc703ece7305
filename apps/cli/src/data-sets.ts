/** Data as the command line's users name it, read with a bar for what takes long. */
import {
  CsvParser,
  checkExtraClasses,
  type DataSets,
  type ImageDataset,
  namesOfUnused,
  requireTraining,
  type SourceFile,
} from '@anke/data';
import { loadDataAt, loadImagesAt, type PathOptions, plainFile } from '@anke/files';
import { type Command, InvalidArgumentError } from 'commander';
import { GROUP, positive } from './commands/options.js';
import { CONTACT_SHEET } from './commands/synth.js';
import { CommandError } from './errors.js';
import type { Terminal } from './terminal.js';

/** Where data comes from, and what the files do not say of it. */
export interface DataOptions {
  readonly limit?: number;
  readonly imageShape?: readonly [number, number, number];
  readonly maxUnpacked?: number;
  readonly maxRatio?: number;
}

export function imageShape(text: string): [number, number, number] {
  const sides = text.split(',').map(Number);
  if (sides.length !== 3 || !sides.every((side) => Number.isInteger(side) && side > 0))
    throw new InvalidArgumentError('It must be three positive integers: height,width,channels.');
  return sides as [number, number, number];
}

export const DATA_KINDS =
  'a folder, a zip or tar(.gz) archive, CSV, IDX or NumPy files, or a folder of pictures with one subfolder a class';

const IMAGE_SHAPE = 'height, width and channels of an image, where the files do not tell; pictures are scaled to it';

export const dataOptions = (command: Command): Command =>
  command
    .optionsGroup(GROUP.data)
    .option('--image-shape <h,w,c>', IMAGE_SHAPE, imageShape)
    .option('--max-unpacked <bytes>', 'how much an archive may unpack to; default: 16 GiB', positive)
    .option('--max-ratio <x>', 'how many times its own size it may unpack to; default: 200', positive);

function loadOptions(
  terminal: Terminal,
  options: DataOptions,
): { readonly load: PathOptions; readonly stop: () => void } {
  const { limit, imageShape, maxUnpacked = 16 * 2 ** 30, maxRatio = 200 } = options;
  let bar = terminal.progress('', 'bytes');
  let reading = '';
  const onProgress = (file: string, done: number, total: number): void => {
    if (file !== reading) {
      bar.stop();
      bar = terminal.progress(`Reading ${file.slice(-40)}`, 'bytes');
      reading = file;
    }
    bar.update(done, total);
  };
  return {
    load: { limit, imageShape, limits: { maxBytes: maxUnpacked, maxRatio }, onProgress },
    stop: () => bar.stop(),
  };
}

export async function readDataSets(terminal: Terminal, path: string, options: DataOptions): Promise<DataSets> {
  const { load, stop } = loadOptions(terminal, options);
  try {
    return await loadDataAt(path, load);
  } finally {
    stop();
  }
}

/** Labelled images to train on, and those to validate on, where they are apart. */
export async function readTraining(
  terminal: Terminal,
  options: DataOptions & { readonly data: string },
): Promise<{ readonly train: ImageDataset; readonly validation: ImageDataset | undefined }> {
  const { load, stop } = loadOptions(terminal, options);
  try {
    const sets = await loadDataAt(options.data, { ...load, needs: 'label', roles: ['train', 'validation'] });
    stop();
    for (const line of remarksOn(sets)) terminal.say(line);
    const train = requireTraining(options.data, sets);
    checkExtraClasses(sets);
    return { train, validation: sets.validation };
  } finally {
    stop();
  }
}

/** What was done to a source without being asked: pictures that were scaled, files that were passed over. */
export function remarksOn({ pictureSizes: sizes, unused }: DataSets): string[] {
  const remarks: string[] = [];
  const size = (sides: readonly number[]): string => sides.join(' × ');
  if (sizes) {
    const { different, smallest, largest, mostFrequent, pictures, scaledTo } = sizes;
    const range = `from ${size(smallest)} to ${size(largest)} pixels, most often ${size(mostFrequent)} (${pictures})`;
    const scaled = `all are scaled to ${size(scaledTo)}, or to what --image-shape says`;
    remarks.push(`Pictures of ${different} sizes, ${range}: ${scaled}`);
  }
  // What "anke synth" puts beside its data needs no remark.
  const strangers = unused.filter((file) => file !== CONTACT_SHEET);
  if (strangers.length > 0) remarks.push(`Not used: ${namesOfUnused(strangers)}`);
  return remarks;
}

/** Images to predict, or to evaluate a model on; `-` is CSV from stdin. */
export async function readImages(
  terminal: Terminal,
  path: string,
  options: DataOptions,
  needs?: 'label',
): Promise<ImageDataset> {
  if (path === '-') return await readStdin(options, needs);
  const { load, stop } = loadOptions(terminal, options);
  try {
    return await loadImagesAt(path, { ...load, needs });
  } finally {
    stop();
  }
}

/** Rows of a file, counted from 0; the one at `to` is not among them. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** @throws CommandError if it is no CSV file, of which alone a part can be read */
function csvAt(path: string): SourceFile {
  if (/\.csv$/i.test(path)) return plainFile(path);
  throw new CommandError(`${path}: rows can be taken from a CSV file alone`);
}

/** Some rows of a CSV file. */
export async function readRows(path: string, { from, to }: RowRange, options: DataOptions): Promise<ImageDataset> {
  const { imageShape } = options;
  const file = csvAt(path);
  const part = { skip: from, limit: to - from, ...(imageShape ? { imageShape } : {}) };
  const parser = new CsvParser(file.name, part, file.bytes);
  for await (const piece of file.pieces()) {
    parser.push(piece);
    if (parser.full) break;
  }
  return parser.end();
}

/** How many rows a CSV file has; what is in them is not looked at. */
export async function countRows(path: string): Promise<number> {
  const file = csvAt(path);
  const parser = new CsvParser(file.name, { skip: Number.POSITIVE_INFINITY });
  for await (const piece of file.pieces()) parser.push(piece);
  // The last line may have no end.
  parser.push(Uint8Array.of(0x0a));
  return parser.passed;
}

async function readStdin({ limit, imageShape }: DataOptions, needs?: 'label'): Promise<ImageDataset> {
  const parser = new CsvParser('stdin', {
    ...(limit === undefined ? {} : { limit }),
    ...(imageShape ? { imageShape } : {}),
    ...(needs ? { needs } : {}),
  });
  for await (const piece of process.stdin) parser.push(piece as Buffer);
  return parser.end();
}
