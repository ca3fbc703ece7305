/** Training as people watch it: a bar while an epoch runs, a line when it is done; Ctrl-C keeps the work so far. */
import { join } from 'node:path';
import type { ImageDataset } from '@anke/data';
import type { Augmentation } from '@anke/kernels';
import {
  type Callback,
  type CallbackState,
  type Checkpoint,
  EarlyStopping,
  type Logs,
  type ProgressPhase,
  type Samples,
  type Sequential,
  TerminateOnNaN,
} from '@anke/nn';
import colors from 'picocolors';
import { LIVE_COLUMNS, lossCurves } from './charts/live.js';
import { type Device, saveChoices } from './device.js';
import { CommandError, explain } from './errors.js';
import { writeWhole } from './files.js';
import { saveDataFacts, saveLayers, saveModel } from './model-folder.js';
import { makeCallbacks, makeOptimizer } from './recipe/make.js';
import type { RecipePhase, ResolvedRecipe } from './recipe/schema.js';
import { checkSameData, hasCheckpoint, readCheckpoint, saveCheckpoint } from './resume.js';
import { samplesOf } from './samples.js';
import { count, duration, type Terminal } from './terminal.js';

export interface EpochRecord extends Logs {
  readonly seconds: number;
}

export interface Phase {
  readonly name: string;
  readonly epochs: readonly EpochRecord[];
  /** The epoch (from 1) whose weights were kept, if any epoch was completed. */
  readonly bestEpoch: number | undefined;
  readonly stoppedEarly: boolean;
}

/** What a command trains on. */
export interface TrainingData {
  readonly training: ImageDataset;
  readonly validation: ImageDataset;
  /** How training images are changed at random, if at all. */
  readonly augmentation: Augmentation | undefined;
}

const METRICS = ['loss', 'accuracy', 'val_loss', 'val_accuracy'];

/** How far a run has come: the phases that are done, and the one that was under way. */
interface RunProgress {
  readonly phases: readonly Phase[];
  /** Whether the last of them needs no further epoch. */
  readonly ended: boolean;
}

/** Trains phase after phase, and leaves a checkpoint after every epoch. A run folder that holds one is gone on with. */
export async function trainPhases(
  terminal: Terminal,
  device: Device,
  model: Sequential,
  { training, validation, augmentation }: TrainingData,
  recipe: ResolvedRecipe,
  folder: string,
): Promise<Phase[]> {
  const data = { training: samplesOf(training), validation: samplesOf(validation), augmentation };
  const checkpoint = readCheckpoint(folder);
  const { phases: earlier, ended } = (checkpoint?.run ?? { phases: [], ended: false }) as RunProgress;
  const phases: Phase[] = earlier.slice(0, -1);
  checkSameData(folder, training);
  saveDataFacts(folder, training);
  saveLayers(folder, model);
  try {
    for (const plan of recipe.phases.slice(phases.length)) {
      terminal.heading(titleOf(plan, recipe));
      const begun =
        checkpoint && phases.length === earlier.length - 1
          ? { checkpoint, ended, phase: earlier.at(-1) as Phase }
          : undefined;
      phases.push(await trainPhase(terminal, device, model, data, plan, recipe, folder, phases, begun));
      if (model.interrupted) break;
    }
  } catch (error) {
    if (!hasCheckpoint(folder)) throw error;
    const { message } = explain(error);
    throw new CommandError(`${message}; the epochs so far are kept: --resume ${folder} goes on with them`);
  }
  return phases;
}

/** «Training with SGD, from the best weights» */
function titleOf({ name, optimizer }: RecipePhase, { phases }: ResolvedRecipe): string {
  const place = phases.findIndex((phase) => phase.name === name);
  const before = phases[place - 1]?.callbacks.some(
    (callback) => callback.type === 'EarlyStopping' && callback.restoreBestWeights,
  );
  const start = place === 0 ? '' : `, from the ${before ? 'best ' : ''}weights${before ? '' : ' so far'}`;
  const own = name === optimizer.type.toLowerCase() ? '' : ` (${name})`;
  return `Training with ${optimizer.type}${own}${start}`;
}

async function trainPhase(
  terminal: Terminal,
  device: Device,
  model: Sequential,
  data: { readonly training: Samples; readonly validation: Samples; readonly augmentation: Augmentation | undefined },
  plan: RecipePhase,
  { batchSize, storage }: ResolvedRecipe,
  folder: string,
  before: readonly Phase[],
  begun: { readonly checkpoint: Checkpoint; readonly ended: boolean; readonly phase: Phase } | undefined,
): Promise<Phase> {
  const { name = '', epochs } = plan;
  const callbacks = makeCallbacks(plan, folder);
  const stopping = callbacks.find((callback) => callback instanceof EarlyStopping);
  const records: EpochRecord[] = [...(begun?.phase.epochs ?? [])];
  const phaseSoFar = (): Phase => ({
    name,
    epochs: records,
    bestEpoch: stopping?.bestEpoch === undefined ? undefined : stopping.bestEpoch + 1,
    stoppedEarly: stopping?.stoppedEpoch !== undefined,
  });
  model.compile({ gpu: device.gpu, optimizer: makeOptimizer(plan.optimizer), storage });
  if (begun) {
    model.setState(begun.checkpoint.model);
    begun.checkpoint.callbacks.forEach((state, i) => void callbacks[i]?.setState?.(state));
    terminal.say(colors.dim(`goes on after epoch ${records.length}`));
  }
  const images = data.training.pixels.length / data.training.shape.reduce((a, b) => a * b);
  const keeper: Callback = {
    onTrainBegin: () => saveChoices(folder, device),
    async onEpochEnd(_, logs, trained) {
      records.push({ ...logs, seconds: watcher.seconds() });
      const ended = trained.stopTraining || records.length === epochs;
      const run: RunProgress = { phases: [...before, phaseSoFar()], ended };
      const states: CallbackState[] = [];
      for (const callback of callbacks) states.push((await callback.getState?.(trained)) ?? { values: null });
      saveCheckpoint(folder, { model: await trained.getState(), callbacks: states, run });
    },
  };
  const watcher = new EpochWatcher(terminal, epochs, images, records);
  const initialEpoch = records.length;
  await model.fit(data.training, {
    initialEpoch,
    epochs: begun?.ended ? initialEpoch : epochs,
    batchSize,
    validationData: data.validation,
    augmentation: data.augmentation,
    callbacks: [...callbacks, watcher, keeper],
  });
  const phase = phaseSoFar();
  const rule = plan.callbacks.find((callback) => callback.type === 'EarlyStopping');
  const remarks = [
    phase.stoppedEarly && `no better ${stopping?.monitor} for ${rule?.patience} epochs`,
    rule?.restoreBestWeights && phase.bestEpoch !== undefined && `kept the weights of epoch ${phase.bestEpoch}`,
    callbacks.some((callback) => callback instanceof TerminateOnNaN && callback.terminated) &&
      'stopped, as the loss is not a number',
  ];
  const said = remarks.filter(Boolean).join('; ');
  if (said !== '') terminal.say(colors.dim(said));
  return phase;
}

/** A bar while an epoch runs, a line when it is done. */
class EpochWatcher implements Callback {
  #label = '';
  #started = 0;
  #seconds = 0;
  #phase = '';
  #bar: ReturnType<Terminal['progress']>;
  /** Loss and validation loss of the epochs so far. */
  readonly #losses: (readonly [number, number])[];

  constructor(
    readonly terminal: Terminal,
    readonly epochs: number,
    readonly images: number,
    earlier: readonly Logs[],
  ) {
    this.#losses = earlier.map(lossesOf);
    this.#bar = terminal.progress('', 'images');
  }

  /** How long the last epoch took. */
  seconds(): number {
    return this.#seconds;
  }

  onEpochBegin(epoch: number): void {
    this.#bar.stop();
    this.#label = `Epoch ${String(epoch + 1).padStart(String(this.epochs).length)}/${this.epochs}`;
    this.#started = performance.now();
    this.#phase = '';
  }

  onProgress(phase: ProgressPhase, done: number, total: number): void {
    if (phase !== this.#phase) {
      this.#bar.stop();
      const label = phase === 'training' ? this.#label : `${this.#label} validation`;
      this.#bar =
        phase === 'preparing'
          ? this.terminal.progress('Preparing the kernels', 'steps')
          : this.terminal.progress(label, 'images');
      this.#phase = phase;
    }
    this.#bar.update(done, total);
  }

  onEpochEnd(_: number, logs: Logs): void {
    this.#bar.stop();
    this.#seconds = (performance.now() - this.#started) / 1000;
    const values = METRICS.map((name) => `${name} ${colors.cyan((logs[name] as number).toFixed(4))}`);
    const time = `${duration(this.#seconds)}  ${count(this.images / this.#seconds)} images/s`;
    if (this.terminal.columns >= 100) {
      this.terminal.say(`${this.#label}  ${values.join('  ')}  ${colors.dim(time)}`);
    } else {
      this.terminal.say(`${this.#label}  ${colors.dim(time)}`);
      this.terminal.say(`  ${values.slice(0, 2).join('  ')}`);
      this.terminal.say(`  ${values.slice(2).join('  ')}`);
    }
    this.#losses.push(lossesOf(logs));
    if (this.#losses.length > 1 && this.terminal.shows(LIVE_COLUMNS)) this.terminal.footer(lossCurves(this.#losses));
  }

  onTrainEnd(): void {
    this.#bar.stop();
    this.terminal.footer([]);
  }
}

const lossesOf = (logs: Logs): readonly [number, number] => [logs['loss'] as number, logs['val_loss'] as number];

/** Asks the model to stop at the first Ctrl-C; the second one ends the program at once. */
export function stopOnInterrupt(terminal: Terminal, model: Sequential): () => void {
  const onSignal = (): void => {
    if (model.interrupted) process.exit(130);
    model.interrupted = true;
    terminal.say('\nInterrupted: stopping and saving what there is (again to quit at once)');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

/** The last words of a run that was interrupted. */
export const howToGoOn = (command: string, folder: string): string =>
  `interrupted; the model, the history and the curves so far are in ${folder}; go on with: anke ${command} --resume ${folder}`;

/** What every training leaves in its folder: the model, the kernels that ran, the history and its curves. */
export async function saveRun(
  folder: string,
  device: Device,
  model: Sequential,
  phases: readonly Phase[],
): Promise<void> {
  await saveModel(folder, model);
  saveChoices(folder, device);
  writeWhole(join(folder, 'history.csv'), formatHistory(phases));
  // Charts are loaded when there is something to draw: they take a while, and memory.
  const { curvesSvg, renderPng } = await import('./charts/curves.js');
  const svg = await curvesSvg(phases);
  writeWhole(join(folder, 'curves.svg'), svg);
  writeWhole(join(folder, 'curves.png'), renderPng(svg));
}

/** `history.csv`: a row an epoch, all phases below one another. */
function formatHistory(phases: readonly Phase[]): string {
  const rows = phases.flatMap(({ name, epochs }) =>
    epochs.map((record, i) =>
      [name, i + 1, ...[...METRICS, 'learning_rate'].map((metric) => record[metric]), record.seconds.toFixed(3)].join(
        ',',
      ),
    ),
  );
  return `${['phase', 'epoch', ...METRICS, 'learning_rate', 'seconds'].join(',')}\n${rows.map((row) => `${row}\n`).join('')}`;
}
