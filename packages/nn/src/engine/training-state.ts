/**
 * What a training keeps on the device beside the weights: the optimizer's own buffers, and the learning rate, which a
 * schedule changes there from step to step.
 */
import type { Gpu, Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { Loss } from '../losses/loss.js';
import type { Metric } from '../metrics/metric.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { ModelMemory } from './memory.js';

export class TrainingState {
  /** The optimizer's buffers by their names, which start at zero. */
  readonly buffers: Readonly<Record<string, Storage>>;
  /** What it reads and never changes, by name. */
  readonly tables: Readonly<Record<string, Storage>>;
  #learningRate: number;

  constructor(
    readonly gpu: Gpu,
    private readonly memory: ModelMemory,
    readonly optimizer: Optimizer,
    readonly loss: Loss,
    readonly metrics: readonly Metric[],
  ) {
    this.buffers = Object.fromEntries(
      Object.entries(optimizer.state(memory.length)).map(([name, length]) => [name, gpu.flatStorage(name, length * 4)]),
    );
    this.tables = Object.fromEntries(
      Object.entries(optimizer.tables?.(memory) ?? {}).map(([name, values]) => {
        const table = gpu.storage(name, values.byteLength, 'u32');
        gpu.write(table, values);
        return [name, table];
      }),
    );
    this.#learningRate = optimizer.learningRate;
    gpu.write(memory.rate, Float32Array.of(optimizer.learningRate));
  }

  /** Whether it is measured by just these. */
  measures(loss: Loss, metrics: readonly Metric[]): boolean {
    const sameMetrics = metrics.length === this.metrics.length && metrics.every((one, i) => one === this.metrics[i]);
    return loss === this.loss && sameMetrics;
  }

  /** The step size that the optimizer goes by: with a schedule, that of the last step of the last epoch. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /** @throws ModelError if it is not positive, or follows a schedule */
  set learningRate(rate: number) {
    const { schedule } = this.optimizer;
    if (schedule)
      throw new ModelError(
        `the learning rate follows a schedule (${schedule.type}) and cannot be set: ` +
          'give the optimizer a number as its learningRate, or leave out the callback that sets it',
      );
    if (!(rate > 0 && Number.isFinite(Math.fround(rate))))
      throw new ModelError(`the learning rate must be a positive number, not ${rate}`);
    this.gpu.write(this.memory.rate, Float32Array.of(rate));
    this.#learningRate = rate;
  }

  /** Takes the rate of a training that is resumed: one that is not scheduled goes on with it. */
  resumeAt(rate: number): void {
    if (this.optimizer.schedule) this.#learningRate = rate;
    else this.learningRate = rate;
  }

  /** Reads what a schedule has made of the rate. */
  async followSchedule(): Promise<void> {
    if (this.optimizer.schedule) [this.#learningRate = 0] = await this.gpu.readFloats(this.memory.rate);
  }

  /** Puts the weights' moving averages in their place, if the optimizer keeps them and has done a step. */
  async useAverages(): Promise<void> {
    const { average, iterations } = this.buffers;
    if (!average || !iterations) return;
    const done = await this.gpu.readFloats(iterations);
    if (done.some((count) => count > 0)) this.gpu.copy(average, this.memory.weights);
  }

  destroy(): void {
    for (const buffer of [...Object.values(this.buffers), ...Object.values(this.tables)]) buffer.destroy();
  }
}
