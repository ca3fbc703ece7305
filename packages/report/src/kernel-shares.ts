/** Where a step's time goes. */
import type { DispatchTime } from '@anke/kernels';

export interface KernelShare {
  readonly kernel: string;
  readonly ms: number;
  readonly dispatches: number;
  readonly gflops: number;
}

/** Dispatches of the same kernel and variant added up, the longest first. */
export function byKernel(times: readonly DispatchTime[]): KernelShare[] {
  const sums = new Map<string, { ms: number; dispatches: number; flops: number }>();
  for (const { kernel, variant, milliseconds: ms, cost } of times) {
    const name = `${kernel} (${variant})`;
    const sum = sums.get(name) ?? { ms: 0, dispatches: 0, flops: 0 };
    sums.set(name, { ms: sum.ms + ms, dispatches: sum.dispatches + 1, flops: sum.flops + cost.flops });
  }
  return [...sums]
    .map(([kernel, { ms, dispatches, flops }]) => ({ kernel, ms, dispatches, gflops: flops / ms / 1e6 }))
    .sort((a, b) => b.ms - a.ms);
}
