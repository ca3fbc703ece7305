/** A recipe's parts as the engine's objects. */
import { join } from 'node:path';
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
import type { RecipeCallback, RecipeLayer, RecipePhase, Schedule } from './schema.js';

/**
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

export function makeOptimizer({ type, ...options }: RecipePhase['optimizer']): Optimizer {
  return type === 'Adam' ? new Adam(options) : new SGD(options);
}

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

/** A phase's callbacks; what they write lies in the run's folder. */
export const makeCallbacks = ({ name = '', optimizer, callbacks }: RecipePhase, folder: string): Callback[] =>
  callbacks.map((callback) => makeCallback(callback, name, optimizer.learningRate, folder));

function makeCallback(callback: RecipeCallback, phase: string, base: number, folder: string): Callback {
  switch (callback.type) {
    case 'EarlyStopping':
      return new EarlyStopping(callback);
    case 'ReduceLROnPlateau':
      return new ReduceLROnPlateau(callback);
    case 'LearningRateScheduler':
      return new LearningRateScheduler((epoch) => scheduledRate(callback.schedule, base, epoch));
    case 'TerminateOnNaN':
      return new TerminateOnNaN();
    case 'ModelCheckpoint':
      return new ModelCheckpoint({ ...callback, filepath: join(folder, callback.filepath), phase });
    case 'CSVLogger':
      return new CSVLogger({ ...callback, filename: join(folder, callback.filename.replaceAll('{phase}', phase)) });
    case 'TensorBoard':
      return new TensorBoard({ logDir: join(folder, callback.logDir, phase) });
  }
}
