/** RMSprop (Tieleman and Hinton, 2012), with Keras's formula and defaults. */
import { type Executor, rmsprop } from '@anke/kernels';
import { BaseOptimizer, type OptimizerOptions, type Update } from './base-optimizer.js';
import { fraction, positive } from './checks.js';

export interface RMSpropOptions extends OptimizerOptions {
  /** Share of the mean of squares that stays in each step. */
  readonly rho?: number;
  readonly momentum?: number;
  readonly epsilon?: number;
  /** Whether gradients are divided by their deviation, instead of by their size. */
  readonly centered?: boolean;
}

export class RMSprop extends BaseOptimizer {
  readonly name = 'RMSprop';
  readonly #options: Required<Omit<RMSpropOptions, keyof OptimizerOptions>>;

  /** @throws ModelError if a number is out of range, or if options do not go together */
  constructor({
    learningRate = 0.001,
    rho = 0.9,
    momentum = 0,
    epsilon = 1e-7,
    centered = false,
    ...options
  }: RMSpropOptions = {}) {
    super({ learningRate, ...options });
    this.#options = {
      rho: fraction(rho, 'rho'),
      momentum: fraction(momentum, 'momentum'),
      epsilon: positive(epsilon, 'epsilon'),
      centered,
    };
  }

  /** The mean of squares, or the variance if centered; the mean; the momentum. */
  protected moments(length: number): Record<string, number> {
    const { centered, momentum } = this.#options;
    return { v: length, ...(centered ? { mean: length } : {}), ...(momentum > 0 ? { velocity: length } : {}) };
  }

  protected step(executor: Executor, { params, bindings }: Update): void {
    executor.dispatch(rmsprop, { ...params, ...this.#options }, bindings);
  }
}
