import { adam, type Executor, type Storage, sgd, sgdMomentum } from '@anke/kernels';
import { ModelError } from '../errors.js';

/** What an optimizer works on: all of a model's weights, as flat buffers of `length` elements. */
export interface OptimizerState {
  readonly length: number;
  readonly weights: Storage;
  readonly gradients: Storage;
  /** Buffers of the weights' length that start at zero, as many as the optimizer asks for. */
  readonly moments: readonly Storage[];
  /** The learning rate, on the device. */
  readonly rate: Storage;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ. */
  readonly corrections: Storage;
}

export interface Optimizer {
  readonly name: string;
  readonly learningRate: number;
  /** How many buffers of the weights' size it keeps. */
  readonly moments: number;
  /** How the bias corrections move on with each step, which the loss sees to: both 0 where there are none. */
  readonly beta1: number;
  readonly beta2: number;
  /** Sends the kernels of one update. */
  update(executor: Executor, state: OptimizerState): void;
}

const positive = (value: number, what: string): number => {
  if (!(value > 0)) throw new ModelError(`${what} must be positive, not ${value}`);
  return value;
};
const fraction = (value: number, what: string): number => {
  if (!(value >= 0 && value < 1)) throw new ModelError(`${what} must lie in 0 … 1 (without 1), not ${value}`);
  return value;
};

export interface AdamOptions {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Adam with Keras's formula and defaults. */
export class Adam implements Optimizer {
  readonly name = 'adam';
  readonly moments = 2;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly #epsilon: number;

  constructor({ learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions = {}) {
    this.learningRate = positive(learningRate, 'learningRate');
    this.beta1 = fraction(beta1, 'beta1');
    this.beta2 = fraction(beta2, 'beta2');
    this.#epsilon = positive(epsilon, 'epsilon');
  }

  update(executor: Executor, state: OptimizerState): void {
    const { length, weights, gradients, moments, rate, corrections } = state;
    const [m, v] = moments as readonly [Storage, Storage];
    const params = { length, beta1: this.beta1, beta2: this.beta2, epsilon: this.#epsilon };
    executor.dispatch(adam, params, { gradients, rate, corrections, m, v, weights });
  }
}

export interface SGDOptions {
  readonly learningRate?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent, with momentum if asked. */
export class SGD implements Optimizer {
  readonly name = 'sgd';
  readonly beta1 = 0;
  readonly beta2 = 0;
  readonly moments: number;
  readonly learningRate: number;
  readonly #momentum: number;
  readonly #nesterov: boolean;

  constructor({ learningRate = 0.01, momentum = 0, nesterov = false }: SGDOptions = {}) {
    this.learningRate = positive(learningRate, 'learningRate');
    this.#momentum = fraction(momentum, 'momentum');
    this.#nesterov = nesterov;
    if (nesterov && momentum === 0) throw new ModelError('nesterov needs a momentum above 0');
    this.moments = momentum > 0 ? 1 : 0;
  }

  update(executor: Executor, state: OptimizerState): void {
    const { length, weights, gradients, moments, rate } = state;
    const [velocity] = moments;
    if (velocity) {
      const params = { length, momentum: this.#momentum, nesterov: this.#nesterov };
      executor.dispatch(sgdMomentum, params, { gradients, rate, velocity, weights });
    } else {
      executor.dispatch(sgd, { length }, { gradients, rate, weights });
    }
  }
}
