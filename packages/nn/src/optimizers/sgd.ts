/** Stochastic gradient descent, with momentum if asked, as Keras writes it. */
import { type Executor, sgd, sgdMomentum } from '@anke/kernels';
import { ModelError } from '../errors.js';
import { BaseOptimizer, type OptimizerOptions, type Update } from './base-optimizer.js';
import { fraction } from './checks.js';

export interface SGDOptions extends OptimizerOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

export class SGD extends BaseOptimizer {
  readonly name = 'SGD';
  readonly #momentum: number;
  readonly #nesterov: boolean;

  /** @throws ModelError if a number is out of range, or if options do not go together */
  constructor({ learningRate = 0.01, momentum = 0, nesterov = false, ...options }: SGDOptions = {}) {
    super({ learningRate, ...options });
    this.#momentum = fraction(momentum, 'momentum');
    this.#nesterov = nesterov;
    if (nesterov && momentum === 0) throw new ModelError('nesterov needs a momentum above 0');
  }

  protected moments(length: number): Record<string, number> {
    return this.#momentum > 0 ? { velocity: length } : {};
  }

  protected step(executor: Executor, { params, bindings }: Update): void {
    const own = { momentum: this.#momentum, nesterov: this.#nesterov };
    if (this.#momentum > 0) executor.dispatch(sgdMomentum, { ...params, ...own }, bindings);
    else executor.dispatch(sgd, params, bindings);
  }
}
