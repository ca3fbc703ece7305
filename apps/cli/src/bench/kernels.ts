/** Single kernels, measured: with which parameters, by which variants, against what the device can do at best. */
import type { Gpu, Kernel } from '@anke/kernels';
import { type KernelRun, type Limits, measureKernel, type Times } from '@anke/report';
import type { RecipeModel } from '../commands/model-options.js';
import { BenchSession } from './session.js';

export interface KernelResult {
  readonly kernel: string;
  readonly variant: string;
  readonly params: object;
  /** Whether this is the variant that runs here unless another is forced. */
  readonly chosen: boolean;
  readonly ms: Times;
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
  /** Of the device's limit in arithmetic or in copying, whichever the kernel comes nearer to. */
  readonly shareOfLimit: number;
}

/** What the model's training and prediction ask of each kernel; of one that they do not use, its costliest case. */
export function kernelCases(
  gpu: Gpu,
  kernels: readonly Kernel[],
  model: RecipeModel,
  batches: readonly number[],
): Map<Kernel, object[]> {
  const used = new Map(kernels.map((kernel) => [kernel, new Map<string, object>()]));
  for (const batch of batches) {
    const bench = new BenchSession(gpu, model, { batch, storage: 'float32' });
    for (const { program } of [bench.training(), bench.prediction()])
      for (const { kernel, params } of program) used.get(kernel)?.set(JSON.stringify(params), params);
    bench.destroy();
  }
  return new Map(
    [...used].map(([kernel, shapes]) => [kernel, shapes.size > 0 ? [...shapes.values()] : [costliestCase(kernel)]]),
  );
}

function costliestCase(kernel: Kernel): object {
  const costs = kernel.cases.map((params) => kernel.cost(params).bytes);
  return kernel.cases[costs.indexOf(Math.max(...costs))] as object;
}

/** A variant that would take longer than this for one run is left out, unless it is asked for by name. */
const LONGEST_MILLISECONDS = 1000;

export class KernelBench {
  /** Milliseconds for a floating-point operation, by variant and layer. */
  readonly #rates = new Map<string, number>();

  constructor(
    readonly gpu: Gpu,
    readonly limits: Limits,
  ) {}

  /** How long it would take, where that is too long: guessed from the same layer at a smaller batch. */
  tooLong(run: KernelRun): number | undefined {
    const guess = (this.#rates.get(layerOf(run)) ?? 0) * run.kernel.cost(run.params).flops;
    return guess > LONGEST_MILLISECONDS ? guess : undefined;
  }

  async time(run: KernelRun): Promise<KernelResult> {
    const { kernel, params, variant } = run;
    const { flops, bytes } = kernel.cost(params);
    const ms = await measureKernel(this.gpu, run);
    if (flops > 0) this.#rates.set(layerOf(run), ms.median / flops);
    const gflops = flops / ms.median / 1e6;
    const gigabytesPerSecond = bytes / ms.median / 1e6;
    return {
      kernel: kernel.name,
      variant,
      params,
      chosen: variant === this.gpu.compiler.variantOf(kernel, params),
      ms,
      gflops,
      gigabytesPerSecond,
      shareOfLimit: Math.max(gflops / this.limits.gflops, gigabytesPerSecond / this.limits.gigabytesPerSecond),
    };
  }
}

/** A variant with the parameters that do not grow with the batch. */
const layerOf = ({ kernel, variant, params }: KernelRun): string => {
  const fixed = JSON.stringify(params, (name, value: unknown) => (/^(batch|rows)$/.test(name) ? undefined : value));
  return `${kernel.name} ${variant} ${fixed}`;
};

/** The parameters that tell how large the work is, for people. */
export function sizesOf(params: object): string {
  const p = params as Readonly<Record<string, number>>;
  const channels = p['channels'] ?? 1;
  if ('outHeight' in p) {
    const from = [p['height'], p['width'], p['inChannels'] ?? channels].join('×');
    const to = [p['outHeight'], p['outWidth'], p['outChannels'] ?? channels * (p['multiplier'] ?? 1)].join('×');
    const kernel = 'kernelHeight' in p ? `, kernel ${p['kernelHeight']}×${p['kernelWidth']}` : '';
    return `batch ${p['batch']}, ${from} → ${to}${kernel}`;
  }
  const shown = /^(batch|rows|length|height|width|channels|.*Channels|classes|.*Features|outer|inner)$/;
  return Object.entries(params)
    .filter(([name, value]) => shown.test(name) && value !== 1)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
