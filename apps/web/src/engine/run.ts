/** One run in the page: a recipe, its images, its model and its store, and the training's events as they are told. */
import type { Gpu } from '@anke/kernels';
import type { Model, Samples } from '@anke/nn';
import {
  comparedSamplesOf,
  type EpochRecord,
  formatJson,
  makeGoal,
  makeModel,
  type ResolvedRecipe,
  readProgress,
  SealedStore,
  type Store,
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
import { stepProgram } from './step-program.js';

/** The page draws on the same device: a submit must leave it time for that. */
const SUBMIT_MILLISECONDS = 12;
/** Looking at the validation images takes at most this share of the time. */
const SHARE_OF_LOOKS = 0.15;
const PROGRESS_MILLISECONDS = 100;

export interface RunParts {
  readonly gpu: Gpu;
  readonly device: string;
  readonly recipe: ResolvedRecipe;
  readonly data: TrainingData;
  readonly store: Store;
  readonly gate: Gate;
  readonly say: (message: Say) => void;
}

export class Run {
  readonly model: Model;
  readonly #ending = new AbortController();
  #ready = false;
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
    return this.#ready;
  }

  /** Trains to the recipe's end, or until {@link Run.end} is called. */
  async train(): Promise<void> {
    const { gpu, device, recipe, data, store, gate, say } = this.parts;
    const { model } = this;
    await writeText(store, 'recipe.json', `${formatJson(recipe)}\n`);
    this.#points = await this.#earlier();
    say({ type: 'history', points: this.#points, resumed: this.#points.length > 0 });
    const events = train({
      gpu,
      device,
      model,
      data,
      recipe,
      store,
      signal: this.#ending.signal,
      submitMilliseconds: SUBMIT_MILLISECONDS,
    });
    for await (const event of events) {
      await this.#tell(event);
      await gate.pass();
    }
  }

  /** Ends the training after the present submit. */
  end(): void {
    this.#ending.abort();
  }

  /** Frees the device's memory, once the training has ended. */
  async destroy(): Promise<void> {
    const activations = await this.#activations?.catch(() => undefined);
    activations?.destroy();
    this.model.destroy();
  }

  async predict(pixels: Uint8Array): Promise<Float32Array> {
    return await this.model.predict({ ...this.#like, pixels });
  }

  async activations(pixels: Uint8Array): Promise<Say> {
    this.#activations ??= Activations.of(this.model, this.#like);
    return { type: 'activations', layers: await (await this.#activations).see(pixels) };
  }

  /** The program of a training step. */
  async program(): Promise<ProgramFacts> {
    const { gpu, recipe, data } = this.parts;
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

  async #earlier(): Promise<EpochPoint[]> {
    const progress = await readProgress(SealedStore.of(this.parts.store));
    return (progress?.phases ?? []).flatMap(({ name, epochs }) => epochs.map((record) => pointOf(name, record)));
  }

  async #tell(event: TrainEvent): Promise<void> {
    const { say, recipe } = this.parts;
    switch (event.type) {
      case 'damage':
        say({ type: 'problem', message: `A checkpoint was damaged; the run goes on after epoch ${event.epochs}.` });
        break;
      case 'phase':
        this.#ready = true;
        say({ type: 'state', state: 'compiling', detail: event.plan.name ?? '' });
        break;
      case 'preparing':
        say({ type: 'preparing', done: event.done, total: event.total });
        if (event.done === event.total) {
          say({ type: 'state', state: 'training', detail: '' });
          await this.#look(); // of a resumed model, or of an untrained one, at once
        }
        break;
      case 'progress':
        this.#progress(event);
        break;
      case 'epoch':
        this.#points.push(pointOf('', event.record));
        this.#speed = undefined;
        say({ type: 'history', points: this.#points, resumed: false });
        await this.#look();
        break;
      case 'warning':
        say({ type: 'problem', message: event.warning.message });
        break;
      case 'phaseEnd':
      case 'reopened':
        break;
      case 'done':
        if (!event.interrupted) {
          this.#nextLook = 0;
          await this.#look();
          say({ type: 'state', state: 'done', detail: `${recipe.phases.map(({ name }) => name).join(', ')}` });
        }
        break;
    }
  }

  #progress({ part, epoch, done, total, logs }: Extract<TrainEvent, { type: 'progress' }>): void {
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
    const imagesPerSecond = this.#imagesPerSecond;
    const live = part === 'training' ? { loss: logs['loss'] as number, accuracy: logs['accuracy'] } : undefined;
    say({ type: 'progress', part, epoch, epochs, done, total, imagesPerSecond, live });
  }

  /** Looks at the validation images, unless that was done a moment ago. */
  async #look(): Promise<void> {
    const started = performance.now();
    if (started < this.#nextLook) return;
    const look = await lookAt(this.model, this.parts.data.validation);
    this.parts.say({ type: 'look', look });
    this.#nextLook = performance.now() + (performance.now() - started) * (1 / SHARE_OF_LOOKS - 1);
  }
}

function pointOf(phase: string, { loss, ...record }: EpochRecord): EpochPoint {
  const of = (name: string): number | undefined => (record as Readonly<Record<string, number | undefined>>)[name];
  return {
    phase,
    loss: loss as number,
    accuracy: of('accuracy'),
    valLoss: of('val_loss'),
    valAccuracy: of('val_accuracy'),
  };
}
