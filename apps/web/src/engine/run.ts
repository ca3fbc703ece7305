/** One run in the page: a recipe, its images, its model and its store, and the training's events as they are told. */
import { DeviceLostError, type Gpu } from '@anke/kernels';
import type { Model, Samples } from '@anke/nn';
import { classesOf } from '@anke/report/evaluation';
import {
  comparedSamplesOf,
  formatJson,
  makeGoal,
  makeModel,
  type ResolvedRecipe,
  readProgress,
  readText,
  type SealedStore,
  samplesOf,
  type TrainEvent,
  type TrainingData,
  train,
  writeText,
} from '@anke/training';
import type { EpochPoint, ProgramFacts, Say } from '../protocol.js';
import { Activations } from './activations.js';
import type { Gate } from './gate.js';
import { lookAt } from './look.js';
import { pointOf, pointsOf } from './points.js';
import { RECIPE_FILE } from './run-name.js';
import { stepProgram } from './step-program.js';

/** The page draws on the same device: a submit must leave it time for that. */
const SUBMIT_MILLISECONDS = 12;
/** Looking at the validation images takes at most this share of the time. */
const SHARE_OF_LOOKS = 0.15;
const PROGRESS_MILLISECONDS = 100;
const CLAMPED =
  'Activations lay beyond ±65,504, the range of float16, and were clamped: a lower learning rate or the storage ' +
  'float32 avoids it.';

export interface RunParts {
  readonly gpu: Gpu;
  /** Opens a device in the place of one that was lost. */
  readonly reopen: () => Promise<Gpu>;
  readonly device: string;
  readonly recipe: ResolvedRecipe;
  readonly data: TrainingData;
  readonly store: SealedStore;
  readonly gate: Gate;
  /** Ends the training after the present submit. */
  readonly signal: AbortSignal;
  readonly say: (message: Say) => void;
}

export class Run {
  readonly model: Model;
  #activations: Promise<Activations> | undefined;
  #points: EpochPoint[] = [];
  #nextLook = 0;
  #speed: { readonly at: number; readonly waited: number; readonly done: number } | undefined;
  #imagesPerSecond: number | undefined;
  #toldAt = 0;

  /** @throws ModelError, ShapeError or FormatError if the recipe's layers make no model for these images */
  constructor(readonly parts: RunParts) {
    const { recipe, data } = parts;
    const { shape: inputShape, classes } = data.training;
    this.model = makeModel(recipe.layers, { seed: recipe.seed, inputShape, classes, images: data.training });
  }

  /** Whether the model is on the device, so that it can be asked. */
  get isReady(): boolean {
    return this.model.isCompiled;
  }

  /** Keeps the recipe, and tells what was done before. */
  async begin(): Promise<void> {
    const { recipe, store } = this.parts;
    const text = `${formatJson(recipe)}\n`;
    if ((await readText(store, RECIPE_FILE)) !== text) await writeText(store, RECIPE_FILE, text);
    await this.#recall();
  }

  /** Trains to the recipe's end, or until the signal ends it. */
  async train(): Promise<void> {
    const { gate, say: _, ...training } = this.parts;
    const events = train({ ...training, model: this.model, submitMilliseconds: SUBMIT_MILLISECONDS });
    for await (const event of events) {
      await this.#tell(event);
      await gate.pass();
    }
  }

  /** Frees the device's memory, once the training has ended. */
  async destroy(): Promise<void> {
    const activations = await this.#activations?.catch(() => undefined);
    activations?.destroy();
    this.model.destroy();
  }

  async predict(pixels: Uint8Array): Promise<Say> {
    const probabilities = await this.model.predict({ ...this.#like, pixels });
    const isClassifier = classesOf(this.model) === this.parts.data.training.classes;
    return { type: 'prediction', probabilities: isClassifier ? probabilities : undefined };
  }

  async activations(pixels: Uint8Array): Promise<Say> {
    this.#activations ??= Activations.of(this.model, this.#like);
    return { type: 'activations', layers: await (await this.#activations).see(pixels) };
  }

  /** The program of a training step on a device. */
  async program(gpu: Gpu): Promise<ProgramFacts> {
    const { recipe, data } = this.parts;
    const { training } = data;
    const size = Math.min(recipe.batchSize, training.count);
    const outputs = this.model.outputShape.reduce((a, b) => a * b, 1);
    const compared = { loss: makeGoal(recipe).loss, classes: training.classes, outputs };
    const samples = comparedSamplesOf(training.slice(0, size), compared);
    return await stepProgram(gpu, { graph: this.model.graph, recipe: { ...recipe, batchSize: size }, samples });
  }

  /** What samples of the run's images have besides their pixels. */
  get #like(): Omit<Samples, 'labels'> {
    const { labels: _, ...like } = samplesOf(this.parts.data.training);
    return like;
  }

  /** Takes the epochs that the last checkpoint knows of. */
  async #recall(): Promise<void> {
    const progress = await readProgress(this.parts.store);
    this.#points = pointsOf(progress);
    this.parts.say({ type: 'history', points: this.#points });
  }

  async #tell(event: TrainEvent): Promise<void> {
    const { say } = this.parts;
    switch (event.type) {
      case 'damage':
        say({ type: 'problem', message: `A checkpoint was damaged; the run goes on after epoch ${event.epochs}.` });
        break;
      case 'phase':
        say({ type: 'state', state: 'compiling', detail: '' });
        break;
      case 'preparing':
        say({ type: 'preparing', done: event.done, total: event.total });
        if (event.done === event.total) {
          say({ type: 'state', state: 'training', detail: '' });
          await this.#look(); // of a resumed model, or of an untrained one, at once
        }
        break;
      case 'memory':
        say({ type: 'memory', bytes: event.bytes.total });
        break;
      case 'progress':
        this.#progress(event);
        break;
      case 'epoch':
        this.#points.push(pointOf(event.record));
        this.#speed = undefined;
        say({ type: 'history', points: this.#points });
        if (event.clamped > 0) say({ type: 'problem', message: CLAMPED });
        await this.#look();
        break;
      case 'warning':
        say({ type: 'problem', message: event.warning.message });
        break;
      case 'reopened':
        this.#activations = undefined; // they were on the lost device
        await this.#recall();
        say({
          type: 'problem',
          message: `The GPU device was lost (${event.reason}), and opened again: ${goingOn(this.#points.length)}.`,
        });
        break;
      case 'phaseEnd':
        break;
      case 'done':
        if (!event.interrupted) {
          this.#nextLook = 0;
          await this.#look();
          say({ type: 'state', state: 'done', detail: '' });
        }
        break;
    }
  }

  #progress({ part, done, total, logs }: Extract<TrainEvent, { type: 'progress' }>): void {
    const { say, recipe, gate } = this.parts;
    const at = performance.now();
    if (part === 'training') {
      const { waited } = gate;
      const seconds = this.#speed && (at - this.#speed.at - (waited - this.#speed.waited)) / 1000;
      if (!this.#speed || done < this.#speed.done) this.#speed = { at, waited, done };
      else if (seconds && seconds > 0.3) {
        this.#imagesPerSecond = (done - this.#speed.done) / seconds;
        this.#speed = { at, waited, done };
      }
    } else this.#speed = undefined;
    if (at - this.#toldAt < PROGRESS_MILLISECONDS && done < total) return;
    this.#toldAt = at;
    const epochs = recipe.phases.reduce((sum, phase) => sum + phase.epochs, 0);
    const epoch = this.#points.length + 1;
    const imagesPerSecond = this.#imagesPerSecond;
    const live = part === 'training' ? { loss: logs['loss'] as number, accuracy: logs['accuracy'] } : undefined;
    say({ type: 'progress', part, epoch, epochs, done, total, imagesPerSecond, live });
  }

  /** Looks at the validation images, unless that was done a moment ago. */
  async #look(): Promise<void> {
    const started = performance.now();
    if (started < this.#nextLook) return;
    try {
      this.parts.say({ type: 'look', look: await lookAt(this.model, this.parts.data.validation) });
    } catch (error) {
      // The training meets the loss itself, and opens another device.
      if (!(error instanceof DeviceLostError)) throw error;
    }
    this.#nextLook = performance.now() + (performance.now() - started) * (1 / SHARE_OF_LOOKS - 1);
  }
}

const goingOn = (epochs: number): string =>
  epochs === 0 ? 'the run begins again' : `the run goes on after ${epochs} epochs`;
