/** Stochastic gradient descent, with momentum if asked, as Keras writes it. */
import { type Executor, sgd, sgdMomentum } from '@anke/kernels';
import { ModelError } from '../errors.js';
import { fraction, type Optimizer, type OptimizerMemory, positive } from './optimizer.js';

export interface SGDOptions {
  readonly learningRate?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

export class SGD implements Optimizer {
  readonly name = 'SGD';
  readonly learningRate: number;
  readonly #momentum: number;
  readonly #nesterov: boolean;

  /** @throws ModelError if a number is out of range, or if nesterov is asked for without a momentum */
  constructor({ learningRate = 0.01, momentum = 0, nesterov = false }: SGDOptions = {}) {
    this.learningRate = positive(learningRate, 'learningRate');
    this.#momentum = fraction(momentum, 'momentum');
    this.#nesterov = nesterov;
    if (nesterov && momentum === 0) throw new ModelError('nesterov needs a momentum above 0');
  }

  state(length: number): Record<string, number> {
    return this.#momentum > 0 ? { velocity: length } : {};
  }

  update(executor: Executor, { length, weights, gradients, rate, counters, state }: OptimizerMemory): void {
    const { velocity } = state;
    if (velocity) {
      const params = { length, momentum: this.#momentum, nesterov: this.#nesterov };
      executor.dispatch(sgdMomentum, params, { gradients, rate, velocity, weights, counters });
    } else {
      executor.dispatch(sgd, { length }, { gradients, rate, weights, counters });
    }
  }
}
