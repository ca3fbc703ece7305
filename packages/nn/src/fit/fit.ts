/**
 * Training as a stream of events. The caller decides what to do with them: print, draw, or nothing. Between two events
 * of an epoch nothing is allocated, compiled or uploaded, and nothing is read back but the counters and the sums.
 */
import type { Augmentation } from '@anke/kernels';
import { formatShape, sizeOf } from '../autograd/tensor.js';
import type { Backup } from '../engine/backup.js';
import { type ClassWeight, checkClassWeight } from '../engine/class-weight.js';
import type { Samples } from '../engine/device-data.js';
import { checkStepsPerEpoch, planEpoch } from '../engine/epoch-plan.js';
import type { Evaluation } from '../engine/epoch-sums.js';
import { explainFault } from '../engine/explain.js';
import { type MemoryUse, memoryUseOf } from '../engine/memory-use.js';
import { checkBatchSize, type Pass } from '../engine/pass.js';
import { type PassResult, type RunOptions, runPass } from '../engine/runner.js';
import type { Session } from '../engine/session.js';
import { Use } from '../engine/use.js';
import { ModelError, NonFiniteError, ShapeError } from '../errors.js';
import type { Callback, Logs } from './callback.js';
import { Control } from './control.js';
import { evaluationError } from './evaluate.js';
import { History } from './history.js';
import { reports } from './reports.js';
import { checkValidationFreq, isValidated, type ValidationFreq } from './validation-freq.js';

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
  /** Which epochs are validated: every so many, or those of these numbers, counted from 1; all if absent. */
  readonly validationFreq?: ValidationFreq | undefined;
  /**
   * Steps after which an epoch ends; once over the samples, if absent. The next epoch goes on where it stopped in the
   * order of the samples, and a new order begins when all of them have been used.
   */
  readonly stepsPerEpoch?: number | undefined;
  /**
   * Factors of some classes in the loss, by their numbers, as far as training goes; 1 for the others. What a class is
   * where samples carry targets: see `weightsByClass`.
   */
  readonly classWeight?: ClassWeight | undefined;
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
 * The events of a training, in this order: `preparing`, `memory`, then `progress` and an `epoch` for each epoch, then
 * `done`.
 */
export type FitEvent =
  /** Kernels are chosen and compiled; each dispatch counts twice. */
  | { readonly type: 'preparing'; readonly done: number; readonly total: number }
  /** All is ready for the first step, which will take so much of the device's memory. */
  | { readonly type: 'memory'; readonly bytes: MemoryUse }
  /** Samples of an epoch are done; `logs` holds the means over them, by the names of the epoch's logs. */
  | {
      readonly type: 'progress';
      readonly epoch: number;
      readonly phase: ProgressPhase;
      readonly done: number;
      readonly total: number;
      readonly logs: Logs;
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
  const { validationData, validationBatchSize, batchSize = 32, augmentation, classWeight, stepsPerEpoch } = options;
  check(session, samples, options);
  const endTraining = session.beginTraining();
  const used = new Use(session);
  let backup: Backup | undefined;
  try {
    const trainer = { augmentation, classWeight, stepsPerEpoch };
    const training = used.pass(session.trainer(used.data(samples, 'training'), batchSize, trainer));
    const validation =
      validationData && used.pass(session.evaluator(used.data(validationData, 'validation'), validationBatchSize));
    const broken = await session.stateCheck.all();
    if (broken) throw new NonFiniteError(`the model cannot be trained: ${broken}`);
    const passes = validation ? [training, validation] : [training];
    yield* prepare(passes);
    yield { type: 'memory', bytes: memoryUseOf(session, passes) };
    backup = session.backup();
    yield* epochs(session, { training, validation, backup }, options);
  } finally {
    // The next training begins with a pass of its own.
    if (session.position > 0) Object.assign(session, { epochs: session.epochs + 1, position: 0 });
    backup?.destroy();
    used.release();
    endTraining();
  }
}

/** @throws ModelError or ShapeError if training cannot be what the options say */
function check(session: Session, samples: Samples, options: FitOptions): void {
  const { validationData, batchSize, validationBatchSize, augmentation, submitMilliseconds = 1 } = options;
  session.checkSamples(samples);
  if (validationData) session.checkSamples(validationData);
  checkBatchSize(batchSize);
  checkBatchSize(validationBatchSize);
  checkStepsPerEpoch(options.stepsPerEpoch);
  checkValidationFreq(options.validationFreq);
  if (options.classWeight) {
    checkClassWeight(options.classWeight, Math.max(2, sizeOf(session.graph.outputShape)));
    if (samples.sampleWeight) throw new ModelError('the samples have weights, so that classWeight cannot be given too');
  }
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
  const { epochs: last, initialEpoch = 0, callbacks = [], shuffle = true, stepsPerEpoch } = options;
  const { closed } = session;
  const { seed } = session.graph;
  const signal = options.signal ? AbortSignal.any([options.signal, closed]) : closed;
  const { data, batchSize } = run.training.options;
  const history = new History();
  const control = new Control(session, run.validation !== undefined);
  if (!closed.aborted) for (const callback of callbacks) await callback.onTrainBegin?.(control);
  for (let epoch = initialEpoch; epoch < last && !control.stopTraining && !signal.aborted; epoch++) {
    for (const callback of callbacks) await callback.onEpochBegin?.(epoch, control);
    const before = { steps: session.steps, epochs: session.epochs, position: session.position };
    const plan = planEpoch({ seed, count: data.count, batchSize, shuffle, stepsPerEpoch }, before);
    run.training.begin(plan);
    const after = { steps: before.steps + run.training.steps, ...plan.next };
    run.backup.take();
    let result: EpochResult | undefined;
    try {
      result = yield* oneEpoch(session, { ...run, after }, { ...options, signal }, epoch);
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
  // As in Keras, before callbacks may put other weights back. What was ended by its signal may go on.
  if (!signal.aborted) await session.training.useAverages();
  // Callbacks would find nothing in a destroyed model.
  if (!closed.aborted) for (const callback of callbacks) await callback.onTrainEnd?.(control);
  const end = signal.aborted ? 'aborted' : control.stopTraining ? 'stopped' : 'complete';
  yield { type: 'done', history, end };
}

/** What one epoch goes by. */
interface Epoch extends Epochs {
  /** How far the session has come once its steps are done. */
  readonly after: Pick<Session, 'steps' | 'epochs' | 'position'>;
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
  { training, validation, after }: Epoch,
  { signal, submitMilliseconds, validationFreq }: FitOptions,
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
  await session.training.followSchedule();
  Object.assign(session, after);
  const broken = await session.stateCheck.all();
  if (broken) throw stopped(`after ${name}: ${broken}`, learningRate);
  if (signal?.aborted) return undefined;
  const { loss } = trained.means;
  if (!Number.isFinite(loss)) throw stopped(`after ${name}: the mean loss is ${loss}`, learningRate);
  const logs: Logs = { ...trained.means, learning_rate: session.training.learningRate };
  if (!validation || !isValidated(epoch, validationFreq)) return { logs, clamped: trained.clamped };
  const validated = yield* progress(validation, options, { epoch, phase: 'validation' });
  if (validated === 'aborted') return undefined;
  if ('fault' in validated) {
    const { message } = await evaluationError(session, validation, validated.fault);
    throw stopped(`after ${name}: ${message}`, learningRate);
  }
  const ofValidation = logsOf(validated.means, 'validation');
  return { logs: { ...logs, ...ofValidation }, clamped: trained.clamped + validated.clamped };
}

/** Means by the names that they have in logs. */
const logsOf = (means: Evaluation, phase: ProgressPhase): Logs =>
  phase === 'training'
    ? means
    : Object.fromEntries(Object.entries(means).map(([metric, value]) => [`val_${metric}`, value]));

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
  const total = pass.samples;
  const run = runPass(pass, options);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
    yield { type: 'progress', ...which, done: value.done, total, logs: logsOf(value.means, which.phase) };
  }
}
