/**
 * Adam (Kingma and Ba, arXiv:1412.6980) and AdamW (Loshchilov and Hutter, arXiv:1711.05101), with Keras's formula and
 * defaults, and amsgrad (Reddi, Kale and Kumar, arXiv:1904.09237).
 */
import { adam, adamCorrections, type Executor } from '@anke/kernels';
import { BaseOptimizer, type OptimizerOptions, type Update } from './base-optimizer.js';
import { fraction, positive } from './checks.js';
import type { OptimizerMemory, OptimizerType } from './optimizer.js';

export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /**
   * Whether the step is divided by the root of the largest second moment so far, so that no later step is larger for
   * the same first moment; off if absent.
   */
  readonly amsgrad?: boolean;
}

export class Adam extends BaseOptimizer {
  readonly name: OptimizerType = 'Adam';
  protected readonly betas: { readonly beta1: number; readonly beta2: number };
  protected readonly epsilon: number;
  readonly #amsgrad: boolean;

  /** @throws ModelError if a number is out of range, or if options do not go together */
  constructor({ amsgrad = false, learningRate = 0.001, ...options }: AdamOptions = {}) {
    super({ learningRate, ...options });
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
    this.betas = { beta1: fraction(beta1, 'beta1'), beta2: fraction(beta2, 'beta2') };
    this.epsilon = positive(epsilon, 'epsilon');
    this.#amsgrad = amsgrad;
  }

  /**
   * Moments of the gradient and of its square, the largest of the latter if it is asked for, and the bias corrections
   * 1 − β₁ᵗ and 1 − β₂ᵗ.
   */
  protected moments(length: number): Record<string, number> {
    return { m: length, v: length, ...(this.#amsgrad ? { largest: length } : {}), corrections: 2 };
  }

  protected override begin(executor: Executor, state: OptimizerMemory['state']): void {
    executor.dispatch(adamCorrections, this.betas, state);
  }

  protected step(executor: Executor, { params, bindings }: Update): void {
    const amsgrad = this.#amsgrad ? { amsgrad: true as const } : {};
    executor.dispatch(adam, { ...params, ...this.betas, epsilon: this.epsilon, ...amsgrad }, bindings);
  }
}

/** Adam whose weights decay: by 0.004 if nothing else is said. */
export class AdamW extends Adam {
  override readonly name = 'AdamW';

  /** @throws ModelError if a number is out of range, or if options do not go together */
  constructor({ weightDecay = 0.004, ...options }: AdamOptions = {}) {
    super({ weightDecay, ...options });
  }
}
