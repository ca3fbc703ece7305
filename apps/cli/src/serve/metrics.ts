/** Counts of answers and times, as Prometheus reads them. */
import type { Batcher } from './batcher.js';

export class Metrics {
  /** Answers by their status. */
  readonly #answers = new Map<number, number>();
  #seconds = 0;

  constructor(readonly batcher: Batcher) {}

  count(status: number, seconds: number): void {
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
    this.#seconds += seconds;
  }

  text(): string {
    const { images, batches } = this.batcher;
    const answers = [...this.#answers].sort(([a], [b]) => a - b);
    const lines = [
      '# TYPE anke_requests_total counter',
      ...answers.map(([status, times]) => `anke_requests_total{code="${status}"} ${times}`),
      '# TYPE anke_images_total counter',
      `anke_images_total ${images}`,
      '# TYPE anke_batches_total counter',
      `anke_batches_total ${batches}`,
      '# TYPE anke_request_seconds summary',
      `anke_request_seconds_sum ${this.#seconds.toFixed(6)}`,
      `anke_request_seconds_count ${answers.reduce((sum, [, times]) => sum + times, 0)}`,
    ];
    return `${lines.join('\n')}\n`;
  }
}
