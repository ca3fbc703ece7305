/** A recipe's parts as the engine's objects. */
import {
  Adam,
  type Callback,
  EarlyStopping,
  LearningRateScheduler,
  modelFromDescription,
  type Optimizer,
  ReduceLROnPlateau,
  type Sequential,
  SGD,
  type Shape,
  TerminateOnNaN,
} from '@anke/nn';
import { CSVLogger } from '../callbacks/csv-logger.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { TensorBoard } from '../callbacks/tensorboard.js';
import type { Store } from '../store.js';
import type { RecipeCallback, RecipeLayer, RecipePhase, Schedule } from './schema.js';

/**
 * The layers as a model that learns to tell so many classes apart.
 *
 * @throws ModelError or ShapeError if a layer cannot take what the one before gives
 */
export function makeModel(
  layers: readonly RecipeLayer[],
  { seed, inputShape, classes }: { readonly seed: number; readonly inputShape: Shape; readonly classes: number },
): Sequential {
  const described = layers.map(({ type, ...config }, i) => ({
    type,
    config: {
      ...config,
      ...('units' in config && config.units === 'classes' ? { units: classes } : {}),
      ...(i === 0 ? { inputShape } : {}),
    },
  }));
  return modelFromDescription({ format: 'anke-model', version: 1, seed, layers: described });
}

type RecipeOptimizer = RecipePhase['optimizer'];

/** How each type of optimizer is made of its description. */
const OPTIMIZERS: {
  readonly [T in RecipeOptimizer['type']]: (options: Extract<RecipeOptimizer, { type: T }>) => Optimizer;
} = {
  Adam: ({ type: _, ...options }) => new Adam(options),
  SGD: ({ type: _, ...options }) => new SGD(options),
};

export const makeOptimizer = (optimizer: RecipeOptimizer): Optimizer => OPTIMIZERS[optimizer.type](optimizer as never);

/** The rate of an epoch, counted from 0, for a phase that begins with `base`. */
export function scheduledRate(schedule: Schedule, base: number, epoch: number): number {
  switch (schedule.type) {
    case 'exponential':
      return base * schedule.factor ** epoch;
    case 'step':
      return base * schedule.factor ** Math.floor(epoch / schedule.every);
    case 'cosine': {
      // Loshchilov and Hutter, «SGDR», equation 5, without restarts.
      const share = Math.min(epoch / schedule.epochs, 1);
      return schedule.to + ((base - schedule.to) * (1 + Math.cos(Math.PI * share))) / 2;
    }
    case 'list':
      return schedule.rates[Math.min(epoch, schedule.rates.length - 1)] as number;
  }
}

/** A phase's callbacks; what they write goes into the run's store. */
export const makeCallbacks = (phase: RecipePhase, store: Store): Callback[] =>
  phase.callbacks.map((callback) => MAKERS[callback.type](callback as never, phase, store));

type Maker<C> = (callback: C, phase: RecipePhase, store: Store) => Callback;

/** How each type of callback is made of its description. */
const MAKERS: { readonly [T in RecipeCallback['type']]: Maker<Extract<RecipeCallback, { type: T }>> } = {
  EarlyStopping: (options) => new EarlyStopping(options),
  ReduceLROnPlateau: (options) => new ReduceLROnPlateau(options),
  LearningRateScheduler: ({ schedule }, { optimizer }) =>
    new LearningRateScheduler((epoch) => scheduledRate(schedule, optimizer.learningRate, epoch)),
  TerminateOnNaN: () => new TerminateOnNaN(),
  ModelCheckpoint: (options, { name = '' }, store) => new ModelCheckpoint(store, { ...options, phase: name }),
  CSVLogger: ({ filename, separator }, { name = '' }, store) =>
    new CSVLogger(store, { filename: filename.replaceAll('{phase}', name), separator }),
  TensorBoard: ({ logDir }, { name = '' }, store) => new TensorBoard(store, { logDir: `${logDir}/${name}` }),
};
