import { type Gpu, type Kernel, Recorder, registry } from '@anke/kernels';
import { Random } from '@anke/random';
import type { Command } from 'commander';
import { openDevice } from '../device.js';
import { UsageError } from '../errors.js';
import { Terminal } from '../terminal.js';
import { measure, type Times } from '../timing.js';
import { positive } from './options.js';

interface Options {
  readonly filter?: string;
  readonly variant?: string;
  readonly batch: number;
  readonly json?: boolean;
}

/** The batch of the notebook's shapes in the kernels' tables of cases. */
const NOTEBOOK_BATCH = 32;

export function addBenchKernels(bench: Command): void {
  bench
    .command('kernels')
    .description('time single kernels, every variant that this device has, at the notebook’s shapes')
    .option('--filter <text>', 'only kernels with this in their name')
    .option('--variant <name>', 'only this variant')
    .option('--batch <n>', 'images in a batch', positive, NOTEBOOK_BATCH)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText('after', '\nExample:\n  anke bench kernels --filter conv2d/forward --variant subgroup --batch 256')
    .action(runBenchKernels);
}

interface Result {
  readonly kernel: string;
  readonly variant: string;
  readonly params: object;
  /** Whether this is the variant that runs here unless another is forced. */
  readonly chosen: boolean;
  readonly ms: Times;
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
}

async function runBenchKernels(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const kernels = registry.filter(({ name }) => name.includes(options.filter ?? ''));
  if (kernels.length === 0) {
    throw new UsageError(
      `no kernel has "${options.filter}" in its name; there are ${registry.map(({ name }) => name).join(', ')}`,
    );
  }
  const { gpu, report } = await openDevice(terminal);
  terminal.fact('adapter', report.name);
  terminal.say();
  const results: Result[] = [];
  for (const kernel of kernels) {
    for (const params of benchmarkCases(kernel, options.batch)) {
      const chosen = gpu.variantOf(kernel, params);
      for (const [variant, { available }] of Object.entries(kernel.variants)) {
        if (!available(params, gpu.traits) || (options.variant ?? variant) !== variant) continue;
        const ms = await timeKernel(gpu, kernel, params, variant);
        const { flops, bytes } = kernel.cost(params);
        const result = {
          kernel: kernel.name,
          variant,
          params,
          chosen: variant === chosen,
          ms,
          gflops: flops / ms.median / 1e6,
          gigabytesPerSecond: bytes / ms.median / 1e6,
        };
        results.push(result);
        show(terminal, result);
      }
    }
  }
  if (results.length === 0)
    throw new UsageError(`none of these kernels has a variant "${options.variant}" on this device`);
  terminal.result({ adapter: report.name, results });
  gpu.destroy();
}

function show(terminal: Terminal, { kernel, variant, params, chosen, ms, gflops, gigabytesPerSecond }: Result): void {
  const rate = `${gflops.toFixed(2).padStart(8)} GFLOP/s ${gigabytesPerSecond.toFixed(2).padStart(7)} GB/s`;
  const spread = `${ms.median.toFixed(3).padStart(9)} ms (${ms.quartiles.map((value) => value.toFixed(3)).join(' … ')})`;
  terminal.say(
    `${chosen ? '*' : ' '} ${kernel.padEnd(30)} ${variant.padEnd(9)} ${spread.padEnd(32)} ${rate}  ${sizes(params)}`,
  );
}

const sizes = (params: object): string =>
  Object.entries(params)
    .filter(([name]) => !/^(stride|pad|relu|seed|layer|factor|epsilon|momentum|beta\d)/.test(name))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** The notebook's shapes, at the wanted batch, where the kernel knows batches; else its costliest case. */
function benchmarkCases(kernel: Kernel, batch: number): object[] {
  const ofNotebook = kernel.cases.filter(
    (params) => 'batch' in params && params.batch === NOTEBOOK_BATCH && !('rows' in params),
  );
  if (ofNotebook.length > 0) return ofNotebook.map((params) => ({ ...params, batch }));
  const costs = kernel.cases.map((params) => kernel.cost(params).bytes);
  return [kernel.cases[costs.indexOf(Math.max(...costs))] as object];
}

async function timeKernel(gpu: Gpu, kernel: Kernel, params: object, variant: string): Promise<Times> {
  const recorder = new Recorder(gpu);
  const storages = Object.entries(kernel.bindings).map(([name, { type, length, sample }]) => {
    const random = new Random(1, name);
    const values = Float64Array.from(
      { length: length(params) },
      (_, i) => sample?.(params, random, i) ?? random.normal(),
    );
    return [name, gpu.upload(name, type === 'f32' ? Float32Array.from(values) : Uint32Array.from(values))] as const;
  });
  recorder.dispatch(kernel, params, Object.fromEntries(storages), variant);
  const recording = await recorder.finish();
  const times = await measure(gpu, recording);
  for (const [, storage] of storages) storage.buffer?.destroy();
  return times;
}
