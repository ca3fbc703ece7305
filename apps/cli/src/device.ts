import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, type DriverReport, openAdapter } from '@anke/dawn';
import { type Choices, Gpu, registry, Tuner } from '@anke/kernels';
import { CommandError } from './errors.js';
import { writeWhole } from './files.js';
import type { Terminal } from './terminal.js';

export interface Device {
  readonly gpu: Gpu;
  readonly report: DriverReport;
}

export interface TuningOptions {
  /** Whether kernel variants that nothing is known about are timed; false by `--no-tune`. */
  readonly tune?: boolean;
  /** A run folder or a file whose choices are to be taken. */
  readonly kernels?: string;
  /** The folder of a run that is resumed: what it has chosen is chosen again. */
  readonly resume?: string;
  /** The folder of a trained model, whose choices are taken if it names any: it then predicts what it did at its end. */
  readonly model?: string;
}

/** The file in a run folder that names the variants that ran. */
const CHOICES_FILE = 'kernels.json';

interface ChoicesFile {
  readonly device: string;
  readonly choices: Choices;
}

/**
 * Opens the device, with a driver of our own where the system has none. Which variants of the kernels are fast on it is
 * looked up in the user's cache, and timed once where that does not say.
 *
 * @throws DriverError if there is no adapter that computes
 * @throws CommandError if the choices that are to be taken cannot be read
 */
export async function openDevice(
  terminal: Terminal,
  { tune = false, kernels, model, resume }: TuningOptions = {},
): Promise<Device> {
  const ofModel = model === undefined ? undefined : readChoices(join(model, CHOICES_FILE))?.choices;
  const given = kernels === undefined ? ofModel : readGiven(kernels);
  const report = await openAdapter((line) => terminal.say(line));
  if (given) return { gpu: await Gpu.open(report.adapter, new Tuner(given, false)), report };
  if (!tune) return { gpu: await Gpu.open(report.adapter), report };
  const cache = join(cacheFolder('tuning'), `${report.name.replace(/[^\w.-]+/g, '_')}-${variantsStamp()}.json`);
  const ofRun = resume === undefined ? undefined : readChoices(join(resume, CHOICES_FILE))?.choices;
  const known = { ...readChoices(cache)?.choices, ...ofRun };
  const save = (choices: Choices): void => writeWhole(cache, formatChoices(report.name, { ...known, ...choices }));
  return { gpu: await Gpu.open(report.adapter, new Tuner(known, true, save)), report };
}

/** Tells apart which variants there were to choose from: with others, what was chosen says nothing. */
const variantsStamp = (): string =>
  createHash('sha256')
    .update(registry.map(({ name, variants }) => `${name}: ${Object.keys(variants)}`).join('; '))
    .digest('hex')
    .slice(0, 8);

/** Writes into a run's folder which variants it has used so far. */
export const saveChoices = (folder: string, { gpu, report }: Device): void =>
  writeWhole(join(folder, CHOICES_FILE), formatChoices(report.name, gpu.tuner.used));

const formatChoices = (device: string, choices: Choices): string =>
  `${JSON.stringify({ device, choices } satisfies ChoicesFile, null, 2)}\n`;

/** What a file holds; undefined if it is absent or no such file: then there is nothing to know from it. */
function readChoices(file: string): ChoicesFile | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { device, choices } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ChoicesFile>;
    const valid = typeof device === 'string' && typeof choices === 'object' && choices !== null;
    return valid && Object.values(choices).every((v) => typeof v === 'string') ? { device, choices } : undefined;
  } catch {
    return undefined;
  }
}

function readGiven(path: string): Choices {
  if (!existsSync(path))
    throw new CommandError(`${path}: there is no such file or folder; --kernels wants an earlier run`);
  const file = statSync(path).isDirectory() ? join(path, CHOICES_FILE) : path;
  const read = readChoices(file);
  if (!read)
    throw new CommandError(`${file}: this holds no choices of kernels; --kernels wants the folder of an earlier run`);
  return read.choices;
}
