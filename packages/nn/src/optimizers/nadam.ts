/** Nadam (Dozat, *Incorporating Nesterov Momentum into Adam*, 2016), with Keras's formula and defaults. */
import { type Executor, nadam, nadamCorrections } from '@anke/kernels';
import { Adam, type AdamOptions } from './adam.js';
import type { Update } from './base-optimizer.js';
import type { OptimizerMemory } from './optimizer.js';

export type NadamOptions = Omit<AdamOptions, 'amsgrad'>;

/** Adam whose first moment looks a step ahead, as Nesterov's does. */
export class Nadam extends Adam {
  override readonly name = 'Nadam';

  /** @throws ModelError if a number is out of range, or if options do not go together */
  constructor(options: NadamOptions = {}) {
    super(options);
  }

  /** Moments of the gradient and of its square; the products of the momentum's schedule, and what follows from them. */
  protected override moments(length: number): Record<string, number> {
    return { m: length, v: length, corrections: 5 };
  }

  protected override begin(executor: Executor, state: OptimizerMemory['state']): void {
    executor.dispatch(nadamCorrections, this.betas, state);
  }

  protected override step(executor: Executor, { params, bindings }: Update): void {
    executor.dispatch(nadam, { ...params, ...this.betas, epsilon: this.epsilon }, bindings);
  }
}
