/** What a training keeps on the device beside the weights: the optimizer's own buffers, and the learning rate. */
import type { Gpu, Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { Loss } from '../losses/loss.js';
import type { Metric } from '../metrics/metric.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { ModelMemory } from './memory.js';

export class TrainingState {
  /** The optimizer's buffers by their names, which start at zero. */
  readonly buffers: Readonly<Record<string, Storage>>;
  #learningRate: number;

  constructor(
    readonly gpu: Gpu,
    private readonly memory: ModelMemory,
    readonly optimizer: Optimizer,
    readonly loss: Loss,
    readonly metrics: readonly Metric[],
  ) {
    this.buffers = Object.fromEntries(
      Object.entries(optimizer.state(memory.length)).map(([name, length]) => [name, gpu.storage(name, length * 4)]),
    );
    this.#learningRate = optimizer.learningRate;
    this.learningRate = optimizer.learningRate;
  }

  /** Whether it is measured by just these. */
  measures(loss: Loss, metrics: readonly Metric[]): boolean {
    const sameMetrics = metrics.length === this.metrics.length && metrics.every((one, i) => one === this.metrics[i]);
    return loss === this.loss && sameMetrics;
  }

  /** The step size that the optimizer goes by. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /** @throws ModelError if it is not positive */
  set learningRate(rate: number) {
    if (!(rate > 0 && Number.isFinite(Math.fround(rate))))
      throw new ModelError(`the learning rate must be a positive number, not ${rate}`);
    this.gpu.write(this.memory.rate, Float32Array.of(rate));
    this.#learningRate = rate;
  }

  destroy(): void {
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}
