/**
 * Training as a stream of events. The caller decides what to do with them: print, draw, or nothing. Between two events
 * of an epoch nothing is allocated, compiled or uploaded, and nothing is read back but the counters.
 */
import type { Augmentation } from '@anke/kernels';
import { Random } from '@anke/random';
import { formatShape } from '../autograd/tensor.js';
import type { Backup } from '../engine/backup.js';
import { checkLabelledSamples, type Samples } from '../engine/device-data.js';
import { explainFault } from '../engine/explain.js';
import { checkBatchSize, type Pass } from '../engine/pass.js';
import { type PassResult, type RunOptions, runPass } from '../engine/runner.js';
import { type ModelState, type Session, Use } from '../engine/session.js';
import type { WeightSnapshot, WeightValues } from '../engine/weights.js';
import { ModelError, NonFiniteError, ShapeError } from '../errors.js';
import type { Callback, Logs, TrainingControl } from './callback.js';
import { evaluationError } from './evaluate.js';
import { History } from './history.js';
import { reports } from './reports.js';

export interface FitOptions {
  /** Trains up to this epoch, counted from 0. */
  readonly epochs: number;
  /** The epoch to begin with, where earlier ones were trained before; 0 if absent. */
  readonly initialEpoch?: number;
  /** 32 if absent. */
  readonly batchSize?: number;
  readonly validationData?: Samples | undefined;
  /** Samples in one batch of the validation; about 256 if absent, as nothing is kept for a backward pass. */
  readonly validationBatchSize?: number;
  /** Whether each epoch takes the samples in another order; true if absent. */
  readonly shuffle?: boolean;
  /** How the training images are changed at random, anew each time that they are used; not at all if absent. */
  readonly augmentation?: Augmentation | undefined;
  readonly callbacks?: readonly Callback[];
  /** Ends the training after the present submit; the epoch that was under way has no logs. */
  readonly signal?: AbortSignal | undefined;
  /** Device time of one submit: 120 if absent. A page, which shares the device with its own drawing, needs about 12. */
  readonly submitMilliseconds?: number;
}

export type ProgressPhase = 'training' | 'validation';

/**
 * The events of a training, in this order: `preparing`, then `progress` and an `epoch` for each epoch, then `done`.
 */
export type FitEvent =
  /** Kernels are chosen and compiled; each dispatch counts twice. */
  | { readonly type: 'preparing'; readonly done: number; readonly total: number }
  /** Samples of an epoch are done. */
  | {
      readonly type: 'progress';
      readonly epoch: number;
      readonly phase: ProgressPhase;
      readonly done: number;
      readonly total: number;
    }
  /** An epoch (from 0) is over, callbacks have seen it. */
  | {
      readonly type: 'epoch';
      readonly epoch: number;
      readonly logs: Logs;
      /** Activations that lay beyond ±65,504, the range of float16, and were clamped; 0 with float32. */
      readonly clamped: number;
    }
  | { readonly type: 'done'; readonly history: History; readonly end: FitEnd };

/** Why a training is over: all epochs are done, a callback stopped it, or the signal ended it. */
export type FitEnd = 'complete' | 'stopped' | 'aborted';

/**
 * Trains for up to `epochs` epochs.
 *
 * @throws ModelError or ShapeError if the samples do not fit the model, or it is being trained already
 * @throws NonFiniteError if a value is NaN or infinite; the model is then as it was before the epoch
 * @throws DeviceError if the device fails
 */
export async function* fit(session: Session, samples: Samples, options: FitOptions): AsyncGenerator<FitEvent> {
  const { validationData, validationBatchSize, batchSize = 32, augmentation } = options;
  check(session, samples, options);
  const endTraining = session.beginTraining();
  const used = new Use(session);
  let backup: Backup | undefined;
  try {
    const training = used.pass(session.trainer(used.data(samples, 'training'), batchSize, augmentation));
    const validation =
      validationData && used.pass(session.evaluator(used.data(validationData, 'validation'), validationBatchSize));
    const broken = await session.stateCheck.all();
    if (broken) throw new NonFiniteError(`the model cannot be trained: ${broken}`);
    yield* prepare(validation ? [training, validation] : [training]);
    backup = session.backup();
    yield* epochs(session, { training, validation, backup }, options);
  } finally {
    backup?.destroy();
    used.release();
    endTraining();
  }
}

/** @throws ModelError or ShapeError if training cannot be what the options say */
function check({ graph }: Session, samples: Samples, options: FitOptions): void {
  const { validationData, batchSize, validationBatchSize, augmentation, submitMilliseconds = 1 } = options;
  checkLabelledSamples(samples, graph.inputShape, graph.outputShape);
  if (validationData) checkLabelledSamples(validationData, graph.inputShape, graph.outputShape);
  checkBatchSize(batchSize);
  checkBatchSize(validationBatchSize);
  if (!(submitMilliseconds > 0))
    throw new ModelError(`submitMilliseconds must be a positive number, not ${submitMilliseconds}`);
  if (augmentation && samples.shape.length !== 3)
    throw new ShapeError(
      `images of shape ${formatShape(samples.shape)} cannot be augmented, only (height, width, channels)`,
    );
}

/** Chooses and compiles the kernels of passes. */
async function* prepare(passes: readonly Pass[]): AsyncGenerator<FitEvent> {
  const total = passes.reduce((sum, { unprepared }) => sum + unprepared, 0);
  if (total === 0) return;
  yield { type: 'preparing', done: 0, total };
  for await (const done of reports<number, void>(async (report) => {
    let count = 0;
    for (const pass of passes) await pass.prepare(() => report(++count));
  }))
    yield { type: 'preparing', done, total };
}

/** What the epochs of a training go by. */
interface Epochs {
  readonly training: Pass;
  readonly validation: Pass | undefined;
  /** The model before the epoch that is under way. */
  readonly backup: Backup;
}

async function* epochs(session: Session, run: Epochs, options: FitOptions): AsyncGenerator<FitEvent> {
  const { epochs: last, initialEpoch = 0, callbacks = [], shuffle = true } = options;
  const { graph, closed } = session;
  const signal = options.signal ? AbortSignal.any([options.signal, closed]) : closed;
  const { count } = run.training.options.data;
  const history = new History();
  const control = new Control(session);
  if (!closed.aborted) for (const callback of callbacks) await callback.onTrainBegin?.(control);
  for (let epoch = initialEpoch; epoch < last && !control.stopTraining && !signal.aborted; epoch++) {
    for (const callback of callbacks) await callback.onEpochBegin?.(epoch, control);
    const random = new Random(graph.seed, 'shuffle', session.epochs);
    run.training.batches.setOrder(
      shuffle ? random.permutation(count) : Uint32Array.from({ length: count }, (_, row) => row),
    );
    const before = { steps: session.steps, epochs: session.epochs };
    run.backup.take();
    let result: EpochResult | undefined;
    try {
      result = yield* oneEpoch(session, run, { ...options, signal }, epoch);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      run.backup.restore();
      Object.assign(session, before);
      // They may have kept better weights.
      for (const callback of callbacks) await callback.onTrainEnd?.(control);
      throw error;
    }
    if (!result) break;
    const { logs, clamped } = result;
    history.epochs.push(logs);
    for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, control);
    yield { type: 'epoch', epoch, logs, clamped };
  }
  // Callbacks would find nothing in a destroyed model.
  if (!closed.aborted) for (const callback of callbacks) await callback.onTrainEnd?.(control);
  const end = signal.aborted ? 'aborted' : control.stopTraining ? 'stopped' : 'complete';
  yield { type: 'done', history, end };
}

/** What an epoch came to, and how many of its activations were clamped. */
interface EpochResult {
  readonly logs: Logs;
  readonly clamped: number;
}

/**
 * Trains and validates once.
 *
 * @returns undefined if the signal ended it
 * @throws NonFiniteError that names the step and the place
 */
async function* oneEpoch(
  session: Session,
  { training, validation }: Epochs,
  { signal, submitMilliseconds }: FitOptions,
  epoch: number,
): AsyncGenerator<FitEvent, EpochResult | undefined> {
  const options = submitMilliseconds === undefined ? { signal } : { signal, submitMilliseconds };
  const { learningRate } = session.training;
  const name = `epoch ${epoch + 1}`;
  const trained = yield* progress(training, { ...options, step: session.steps }, { epoch, phase: 'training' });
  if (trained === 'aborted') return undefined;
  if ('fault' in trained) {
    const where = await explainFault(session, training, trained.fault, 'training');
    throw stopped(`in step ${trained.fault.index + 1} of ${name}: ${where}`, learningRate);
  }
  session.epochs++;
  session.steps += training.steps + (training.restSize > 0 ? 1 : 0);
  const broken = await session.stateCheck.all();
  if (broken) throw stopped(`after ${name}: ${broken}`, learningRate);
  if (signal?.aborted) return undefined;
  const { loss, accuracy } = trained.means;
  if (!Number.isFinite(loss)) throw stopped(`after ${name}: the mean loss is ${loss}`, learningRate);
  const logs: Logs = { loss, accuracy, learning_rate: learningRate };
  if (!validation) return { logs, clamped: trained.clamped };
  const validated = yield* progress(validation, options, { epoch, phase: 'validation' });
  if (validated === 'aborted') return undefined;
  if ('fault' in validated) {
    const { message } = await evaluationError(session, validation, validated.fault);
    throw stopped(`after ${name}: ${message}`, learningRate);
  }
  return {
    logs: { ...logs, val_loss: validated.means.loss, val_accuracy: validated.means.accuracy },
    clamped: trained.clamped + validated.clamped,
  };
}

/** The error of a training that met a value which is not finite. */
function stopped(where: string, learningRate: number): NonFiniteError {
  const remedy = `a lower learning rate than ${learningRate} may help`;
  return new NonFiniteError(`training stopped ${where}; the model is as it was before that epoch; ${remedy}`);
}

/** Runs a pass and says how far it is. */
async function* progress(
  pass: Pass,
  options: RunOptions,
  which: { readonly epoch: number; readonly phase: ProgressPhase },
): AsyncGenerator<FitEvent, PassResult> {
  const total = pass.options.data.count;
  const run = runPass(pass, options);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
    yield { type: 'progress', ...which, done: value, total };
  }
}

/** What callbacks can do to a session. */
class Control implements TrainingControl {
  stopTraining = false;

  constructor(private readonly session: Session) {}

  get learningRate(): number {
    return this.session.training.learningRate;
  }

  set learningRate(rate: number) {
    this.session.training.learningRate = rate;
  }

  snapshot(): WeightSnapshot {
    return this.session.weights.snapshot();
  }

  getWeights(): Promise<ReadonlyMap<string, WeightValues>> {
    return this.session.weights.get();
  }

  getState(): Promise<ModelState> {
    return this.session.getState();
  }
}
