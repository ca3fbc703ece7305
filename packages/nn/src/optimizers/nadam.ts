/** Nadam (Dozat, *Incorporating Nesterov Momentum into Adam*, 2016), with Keras's formula and defaults. */
import { type Executor, nadam, nadamCorrections } from '@anke/kernels';
import type { AdamOptions } from './adam.js';
import { BaseOptimizer, type Update } from './base-optimizer.js';
import { fraction, positive } from './checks.js';

export type NadamOptions = AdamOptions;

export class Nadam extends BaseOptimizer {
  readonly name = 'Nadam';
  readonly #betas: { readonly beta1: number; readonly beta2: number };
  readonly #epsilon: number;

  /** @throws ModelError if a number is out of range, or if options do not go together */
  constructor({ learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, ...options }: NadamOptions = {}) {
    super({ learningRate, ...options });
    this.#betas = { beta1: fraction(beta1, 'beta1'), beta2: fraction(beta2, 'beta2') };
    this.#epsilon = positive(epsilon, 'epsilon');
  }

  /** Moments of the gradient and of its square; the products of the momentum's schedule, and what follows from them. */
  protected moments(length: number): Record<string, number> {
    return { m: length, v: length, corrections: 5 };
  }

  protected step(executor: Executor, { params, bindings }: Update): void {
    executor.dispatch(nadamCorrections, this.#betas, bindings);
    executor.dispatch(nadam, { ...params, ...this.#betas, epsilon: this.#epsilon }, bindings);
  }
}
