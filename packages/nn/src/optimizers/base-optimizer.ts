/**
 * What all optimizers have in common, as Keras's base class has it (keras/src/optimizers/base_optimizer.py): the
 * learning rate and its schedule, clipping of gradients, weight decay, and a moving average of the weights.
 *
 * A step sends, as far as the options ask for it:
 *
 *   count and rate of the step → squared norms of the gradients → the update, which clips and decays → the average
 *
 * Where a device does not bind all weights at once, norms, update and average are sent for each piece of them.
 */
import {
  add,
  average,
  BLOCK,
  type Clip,
  type Executor,
  normParts,
  type Piece,
  pieceOf,
  piecesOf,
  type Storage,
  type Stretch,
  schedule,
  squaredNorms,
  sum,
  type UpdateParams,
  within,
} from '@anke/kernels';
import { ModelError } from '../errors.js';
import { fraction, notNegative, positive } from './checks.js';
import type { Optimizer, OptimizerMemory, OptimizerType, TrainedWeight } from './optimizer.js';
import { type LearningRateSchedule, scheduledRate, stretchesOf } from './schedules.js';

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** A number, or what it follows from step to step, counted from 0 since the model was compiled. */
  readonly learningRate?: number | LearningRateSchedule;
  /** The norm that the gradient of each weight may have: a larger gradient is scaled down to it. */
  readonly clipnorm?: number;
  /** The same of all gradients together. */
  readonly globalClipnorm?: number;
  /** The size that each element of a gradient may have. Only one of the three may be given. */
  readonly clipvalue?: number;
  /** λ of w ← w − w · λ · rate before each update; none if absent. */
  readonly weightDecay?: number;
  /**
   * Weights that do not decay: those whose own name holds one of these texts, such as `bias`, `gamma` or `beta`, or
   * whose whole name, `layer/weight`, is one of them.
   */
  readonly excludeFromWeightDecay?: readonly string[];
  /**
   * Whether a moving average of the weights is kept, which takes their place when a training has ended. Until then
   * validation, snapshots and checkpoints see the weights themselves.
   */
  readonly useEma?: boolean;
  /** Share of the average that stays in each step; 0.99 if absent. */
  readonly emaMomentum?: number;
  /** Steps after which the average takes the weights' place, again and again; only at the end if absent. */
  readonly emaOverwriteFrequency?: number;
}

/** The kinds of clipping, by the names of their options. */
const CLIPPING = ['clipnorm', 'globalClipnorm', 'clipvalue'] as const;

/** An update, prepared: what every optimizer's kernel is given. */
export interface Update {
  readonly params: UpdateParams;
  readonly bindings: Readonly<Record<string, Storage>>;
}

export abstract class BaseOptimizer implements Optimizer {
  abstract readonly name: OptimizerType;
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule | undefined;
  readonly #stretches: readonly Stretch[];
  readonly #clip: { readonly by: (typeof CLIPPING)[number]; readonly limit: number } | undefined;
  readonly #decay: number;
  readonly #excluded: readonly string[];
  readonly #average: { readonly momentum: number; readonly every?: number } | undefined;

  /** @throws ModelError if a number is out of range, or if options do not go together */
  protected constructor(options: OptimizerOptions & Required<Pick<OptimizerOptions, 'learningRate'>>) {
    const { learningRate, weightDecay = 0, excludeFromWeightDecay = [] } = options;
    const isScheduled = typeof learningRate === 'object';
    this.schedule = isScheduled ? learningRate : undefined;
    this.#stretches = isScheduled ? stretchesOf(learningRate) : [];
    this.learningRate = isScheduled ? scheduledRate(learningRate, 0) : positive(learningRate, 'learningRate');
    const clipping = CLIPPING.filter((by) => options[by] !== undefined);
    if (clipping.length > 1)
      throw new ModelError(`only one of ${CLIPPING.join(', ')} may be given, not ${clipping.join(' and ')}`);
    const [by] = clipping;
    this.#clip = by && { by, limit: positive(options[by] as number, by) };
    this.#decay = notNegative(weightDecay, 'weightDecay');
    this.#excluded = excludeFromWeightDecay;
    if (this.#excluded.length > 0 && this.#decay === 0)
      throw new ModelError('excludeFromWeightDecay needs a weightDecay above 0');
    this.#average = averageOf(options);
  }

  state(length: number): Record<string, number> {
    return {
      ...this.moments(length),
      ...(this.#average ? { average: length } : {}),
      ...(this.#average || this.schedule ? { iterations: 2 } : {}),
    };
  }

  check(trained: readonly string[]): void {
    for (const name of this.#excluded)
      if (name.includes('/') && !trained.includes(name))
        throw new ModelError(`excludeFromWeightDecay names "${name}", but no trained weight is called so`);
  }

  tables({ length, trained }: Pick<OptimizerMemory, 'length' | 'trained'>): Record<string, Uint32Array> {
    const blocks = Math.ceil(length / BLOCK);
    const fill = (value: (weight: TrainedWeight, index: number) => number) => {
      const table = new Uint32Array(blocks);
      trained.forEach((weight, i) => {
        table.fill(value(weight, i), weight.offset / BLOCK, Math.ceil((weight.offset + weight.length) / BLOCK));
      });
      return table;
    };
    return {
      ...(this.#clip?.by === 'clipnorm' ? { owners: fill((_, i) => i) } : {}),
      ...(this.#decay > 0 ? { decays: fill((weight) => (this.#isExcluded(weight) ? 0 : 1)) } : {}),
    };
  }

  #isExcluded({ name }: TrainedWeight): boolean {
    const own = name.slice(name.lastIndexOf('/') + 1);
    return this.#excluded.some((text) => own.includes(text) || name === text);
  }

  update(executor: Executor, memory: OptimizerMemory): void {
    const { length, rate, counters, state } = memory;
    const { iterations } = state;
    if (iterations) executor.dispatch(schedule, { stretches: this.#stretches }, { iterations, rate, counters });
    const { clip, norms } = this.#clipping(executor, memory);
    this.begin(executor, state);
    for (const piece of piecesOf(length, executor.gpu)) {
      const { weights, gradients, average: averages, ...others } = piecesOfMemory(memory, piece);
      const end = piece.length === length ? {} : { end: length - piece.offset };
      this.step(executor, {
        params: {
          ...{ length: piece.length, ...end },
          ...(clip ? { clip } : {}),
          ...(this.#decay > 0 ? { decay: this.#decay } : {}),
        },
        bindings: { ...others, gradients, rate, weights, counters, ...(norms ? { norms } : {}) },
      });
      if (this.#average && iterations && averages) {
        const bindings = { iterations, weights, average: averages, counters };
        executor.dispatch(average, { length: piece.length, ...this.#average }, bindings);
      }
    }
  }

  /** How gradients are clipped, with their squared norms, which it sends the kernels of. */
  #clipping(executor: Executor, { length, gradients, trained }: OptimizerMemory): { clip?: Clip; norms?: Storage } {
    if (!this.#clip) return {};
    const { by, limit } = this.#clip;
    if (by === 'clipvalue') return { clip: { by: 'value', limit } };
    const stretches =
      by === 'globalClipnorm'
        ? [{ offset: 0, length }]
        : trained.map(({ offset, length: n }) => ({ offset, length: n }));
    const outer = stretches.length;
    const norms = piecesOf(length, executor.gpu)
      .map((piece) => {
        const own = stretches.map((stretch) => within(stretch, piece));
        return squaredNormsOf(executor, own, pieceOf(gradients, piece));
      })
      .reduce((a, b) => {
        const total = executor.temporary('squared norms', outer * 4);
        executor.dispatch(add, { length: outer }, { a, b, sum: total });
        return total;
      });
    return { clip: { by: 'norm', limit, norms: outer }, norms };
  }

  /** Its own buffers, as {@link Optimizer.state} says. */
  protected abstract moments(length: number): Record<string, number>;
  /** Sends what comes once in a step, before its own formula. */
  protected begin(_executor: Executor, _state: OptimizerMemory['state']): void {}
  /** Sends the kernels of its own formula, for a piece of the weights. */
  protected abstract step(executor: Executor, update: Update): void;
}

/** Squared norms of stretches of gradients. */
function squaredNormsOf(executor: Executor, stretches: readonly Piece[], gradients: Storage): Storage {
  const [outer, parts] = [stretches.length, normParts(stretches)];
  const sums = executor.temporary('parts of squared norms', outer * parts * 4);
  const norms = executor.temporary('squared norms', outer * 4);
  executor.dispatch(squaredNorms, { stretches, parts }, { gradients, sums });
  executor.dispatch(sum, { outer, length: parts, inner: 1, factor: 1 }, { x: sums, y: norms });
  return norms;
}

/** The flat buffers and tables of a piece, by their names, and all else as it is. */
function piecesOfMemory({ length, weights, gradients, state }: OptimizerMemory, piece: Piece) {
  const own = Object.entries(state).map(([name, storage]) => {
    if (storage.bytes === weights.bytes) return [name, pieceOf(storage, piece)];
    const isTable = storage.bytes === Math.ceil(length / BLOCK) * 4;
    const blocks = { offset: piece.offset / BLOCK, length: Math.ceil(piece.length / BLOCK) };
    return [name, isTable ? pieceOf(storage, blocks) : storage];
  });
  return { ...Object.fromEntries(own), weights: pieceOf(weights, piece), gradients: pieceOf(gradients, piece) };
}

/** @throws ModelError if a number is out of range, or given without an average */
function averageOf({ useEma = false, emaMomentum, emaOverwriteFrequency: every }: OptimizerOptions) {
  if (!useEma) {
    if (emaMomentum !== undefined) throw new ModelError('emaMomentum needs useEma');
    if (every !== undefined) throw new ModelError('emaOverwriteFrequency needs useEma');
    return undefined;
  }
  const momentum = fraction(emaMomentum ?? 0.99, 'emaMomentum');
  if (every === undefined) return { momentum };
  if (!Number.isInteger(every) || every < 1 || every >= 2 ** 32)
    throw new ModelError(`emaOverwriteFrequency must be a positive whole number of steps, not ${every}`);
  return { momentum, every };
}
