/** Adam (Kingma and Ba, arXiv:1412.6980), with Keras's formula and defaults. */
import { adam, adamCorrections, type Executor, type Storage } from '@anke/kernels';
import { fraction, type Optimizer, type OptimizerMemory, positive } from './optimizer.js';

export interface AdamOptions {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Moments of the gradient and of its square, and their bias corrections 1 − β₁ᵗ and 1 − β₂ᵗ. */
type State = Readonly<Record<'m' | 'v' | 'corrections', Storage>>;

export class Adam implements Optimizer {
  readonly name = 'Adam';
  readonly learningRate: number;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;

  /** @throws ModelError if a number is out of range */
  constructor({ learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions = {}) {
    this.learningRate = positive(learningRate, 'learningRate');
    this.#beta1 = fraction(beta1, 'beta1');
    this.#beta2 = fraction(beta2, 'beta2');
    this.#epsilon = positive(epsilon, 'epsilon');
  }

  state(length: number): Record<keyof State, number> {
    return { m: length, v: length, corrections: 2 };
  }

  update(executor: Executor, { length, weights, gradients, rate, counters, state }: OptimizerMemory): void {
    const { m, v, corrections } = state as State;
    const betas = { beta1: this.#beta1, beta2: this.#beta2 };
    executor.dispatch(adamCorrections, betas, { corrections });
    const params = { length, ...betas, epsilon: this.#epsilon };
    executor.dispatch(adam, params, { gradients, rate, corrections, m, v, weights, counters });
  }
}
