/** The device that a command computes on, and which variants of the kernels are chosen for it. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { adapterAgain, type DriverReport, openAdapter } from '@anke/dawn';
import { type Choices, type Chooser, Gpu, Tuner } from '@anke/kernels';
import { CHOICES_FILE, parseChoices, readChoices, readText } from '@anke/training';
import { CommandError } from './errors.js';
import { fromRun, runOf } from './run-files.js';
import type { Terminal } from './terminal.js';
import { TuningCache } from './tuning-cache.js';
import { shippedChoices } from './tuning-table.js';

/** A device that can be opened again. */
export class Device {
  #gpu: Gpu;

  private constructor(
    gpu: Gpu,
    readonly report: DriverReport,
    readonly terminal: Terminal,
  ) {
    this.#gpu = gpu;
  }

  static async open(report: DriverReport, terminal: Terminal, tuner?: Chooser<Gpu>): Promise<Device> {
    return new Device(await openGpu(report.adapter, terminal, tuner), report, terminal);
  }

  /** The open device; another one after {@link Device.reopen}. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /**
   * Opens a device in the place of the present one, which was lost, with the same choices of kernels: it computes the
   * same bits. What was on the lost one must be made anew.
   *
   * @throws DriverError or DeviceError if there is none to be had
   */
  async reopen(): Promise<Gpu> {
    this.#gpu.destroy();
    this.#gpu = await openGpu(await adapterAgain(this.report), this.terminal, this.#gpu.tuner);
    return this.#gpu;
  }
}

/** A device as people are told of it: what matters most is whether it is a GPU. */
export function deviceLine({ kind, name }: DriverReport): string {
  if (kind === 'gpu') return name;
  const asked = process.env['ANKE_DRIVER'];
  const why = asked ? `ANKE_DRIVER asks for ${asked}` : 'no GPU was found (anke doctor tells why)';
  return `${deviceName({ kind, name })}: ${why}`;
}

/** A device's name without its driver's versions, where it is no GPU. */
export const deviceName = ({ kind, name }: Pick<DriverReport, 'kind' | 'name'>): string =>
  kind === 'gpu' ? name : `${name.split(':')[0]}, on the CPU`;

/** Opens a device; people are told when a kernel's variant is given up. */
async function openGpu(adapter: GPUAdapter, terminal: Terminal, tuner?: Chooser<Gpu>): Promise<Gpu> {
  const gpu = await Gpu.open(adapter, tuner);
  gpu.compiler.onGiveUp = (line) => terminal.say(line);
  return gpu;
}

export interface TuningOptions {
  /** Whether kernel variants that nothing is known about are timed; false by `--no-tune`. */
  readonly tune?: boolean;
  /** A run folder or a file whose choices are to be taken. */
  readonly kernels?: string;
  /** The folder of a run that is resumed: what it has chosen is chosen again. */
  readonly resume?: string;
  /**
   * The folder of a trained model, whose choices are taken if it names any: it then predicts what it did at its end.
   */
  readonly model?: string;
}

/**
 * Opens the device, with a driver of our own where the system has none. Which variants of the kernels are fast on it is
 * looked up in the user's cache and in what comes with the program, and timed once where neither says.
 *
 * @param tuner what chooses instead
 * @throws DriverError if there is no adapter that computes
 * @throws CommandError if the choices that are to be taken cannot be read
 */
export async function openDevice(
  terminal: Terminal,
  { tune = false, kernels, model, resume }: TuningOptions = {},
  tuner?: Chooser<Gpu>,
): Promise<Device> {
  const ofModel = model === undefined ? undefined : await fromRun(runOf(model), readChoices);
  const given = kernels === undefined ? ofModel : await readGiven(kernels);
  const report = await openAdapter((line) => terminal.say(line));
  if (tuner) return Device.open(report, terminal, tuner);
  if (given) return Device.open(report, terminal, new Tuner(given, false));
  if (!tune) return Device.open(report, terminal);
  const cache = new TuningCache(report.name, (line) => terminal.say(line));
  const ofRun = resume === undefined ? undefined : await fromRun(resume, readChoices);
  const shipped = shippedChoices(report.name);
  const known = { ...shipped, ...(await cache.read()), ...ofRun };
  const isOwn = ([key]: readonly [string, string]): boolean => !Object.hasOwn(shipped, key);
  const keep = (choices: Choices): Promise<void> =>
    cache.add(Object.fromEntries(Object.entries(choices).filter(isOwn)));
  return Device.open(report, terminal, new Tuner(known, true, keep));
}

async function readGiven(path: string): Promise<Choices> {
  if (!existsSync(path))
    throw new CommandError(`${path}: there is no such file or folder; --kernels expects an earlier run`);
  const file = statSync(path).isDirectory() ? join(path, CHOICES_FILE) : path;
  const text = await fromRun(dirname(file), (store) => readText(store, basename(file)));
  if (text === undefined)
    throw new CommandError(`${file}: there is no such file; --kernels expects the folder of an earlier run`);
  return await fromRun(dirname(file), async () => parseChoices(text, basename(file)).choices);
}
