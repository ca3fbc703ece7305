/** `anke bench kernels`: times single kernels, variant by variant. */
import { existsSync, readFileSync } from 'node:fs';
import { type Gpu, type Kernel, probeCopy, probeFma, Recorder, registry } from '@anke/kernels';
import { Adam, DeviceData, predictStep, sparseCategoricalCrossentropy, trainStep } from '@anke/nn';
import { measureKernel, milliseconds, type Times } from '@anke/report';
import { notebookModel } from '@anke/training';
import { type Command, Option } from 'commander';
import colors from 'picocolors';
import { randomSamples, SHAPE } from '../bench-data.js';
import { openDevice } from '../device.js';
import { CommandError, UsageError } from '../errors.js';
import { Terminal } from '../terminal.js';
import { positiveList } from './options.js';

interface Options {
  readonly filter?: string;
  readonly variant?: string;
  readonly batch: readonly number[];
  readonly compare?: string;
  readonly json?: boolean;
}

/** A variant that would take longer than this for one run is left out, unless it is asked for by name. */
const LONGEST_MILLISECONDS = 1000;

export function addBenchKernels(bench: Command): void {
  bench
    .command('kernels')
    .description('time single kernels, every variant that this device has, at the notebook’s shapes')
    .option('--filter <text>', 'only kernels with this in their name')
    .option('--variant <name>', 'only this variant')
    .addOption(
      new Option('--batch <n,…>', 'images in a batch').argParser(positiveList).default([32, 256, 1024], '32,256,1024'),
    )
    .option('--compare <old.json>', 'set the times against those that an earlier run printed with --json')
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText(
      'after',
      `
A star marks the variant that runs unless another is forced. The last column is the share of what the device can
do at best, in multiply-adds or in copying, whichever is more.

Examples:
  anke bench kernels --filter conv2d/forward --batch 256
  anke bench kernels --filter conv2d --json > before.json
  anke bench kernels --filter conv2d --compare before.json`,
    )
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
  /** Of the device's limit in arithmetic or in copying, whichever the kernel comes nearer to. */
  readonly shareOfLimit: number;
}

interface Limits {
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
}

interface Report {
  readonly adapter: string;
  readonly limits: Limits;
  readonly results: readonly Result[];
}

async function runBenchKernels(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const { filter = '', variant: named, batch, compare } = options;
  const kernels = registry.filter(({ name }) => name.includes(filter));
  if (kernels.length === 0) {
    throw new UsageError(
      `no kernel has "${filter}" in its name; there are ${registry.map(({ name }) => name).join(', ')}`,
    );
  }
  if (named !== undefined && !kernels.some(({ variants }) => named in variants)) {
    const names = new Set(kernels.flatMap(({ variants }) => Object.keys(variants)));
    throw new UsageError(`none of these kernels has a variant "${named}"; there are ${[...names].join(', ')}`);
  }
  const before = compare === undefined ? undefined : readReport(compare);
  const { gpu, report } = await openDevice(terminal);
  terminal.fact('adapter', report.name);
  const limits = await probe(gpu);
  const [flops, bytes] = [limits.gflops.toFixed(0), limits.gigabytesPerSecond.toFixed(1)];
  terminal.fact('at best', `${flops} GFLOP/s of multiply-adds, ${bytes} GB/s of copying, measured just now`);
  const results: Result[] = [];
  const rates = new Map<string, number>();
  for (const [kernel, shapes] of await benchmarkCases(gpu, kernels, batch)) {
    for (const params of shapes) {
      terminal.say();
      terminal.say(`${colors.bold(kernel.name)}  ${sizes(params)}`);
      const chosen = gpu.variantOf(kernel, params);
      for (const [variant, { available }] of Object.entries(kernel.variants)) {
        if (!available(params, gpu.traits) || (named ?? variant) !== variant) continue;
        const { flops, bytes } = kernel.cost(params);
        // Guessed from the rate of the same layer at a smaller batch.
        const layer = `${kernel.name} ${variant} ${layerOf(params)}`;
        const guess = (rates.get(layer) ?? 0) * flops;
        if (guess > LONGEST_MILLISECONDS && named === undefined) {
          terminal.say(colors.dim(`  ${variant.padEnd(9)} left out, as it would take about ${guess.toFixed(0)} ms`));
          continue;
        }
        const ms = await measureKernel(gpu, kernel, params, variant);
        if (flops > 0) rates.set(layer, ms.median / flops);
        const gflops = flops / ms.median / 1e6;
        const gigabytesPerSecond = bytes / ms.median / 1e6;
        const shareOfLimit = Math.max(gflops / limits.gflops, gigabytesPerSecond / limits.gigabytesPerSecond);
        const result = {
          kernel: kernel.name,
          variant,
          params,
          chosen: variant === chosen,
          ms,
          gflops,
          gigabytesPerSecond,
          shareOfLimit,
        };
        results.push(result);
        show(terminal, result);
      }
    }
  }
  if (results.length === 0)
    throw new UsageError(`none of these kernels has a variant "${named}" that this device can run`);
  if (before) showComparison(terminal, before, results);
  terminal.result({ adapter: report.name, limits, results } satisfies Report);
  gpu.destroy();
}

/** What the device can do, by the two probes. */
async function probe(gpu: Gpu): Promise<Limits> {
  const fma = { length: 2 ** 16, rounds: 64 };
  const copy = { length: 2 ** 23 };
  const best = async (kernel: Kernel, params: object): Promise<number> =>
    (await measureKernel(gpu, kernel, params, 'plain')).quartiles[0];
  // A large device needs more threads before it is busy.
  let flops = 0;
  for (const length of [fma.length, 16 * fma.length, 64 * fma.length]) {
    const params = { ...fma, length };
    const ms = await best(probeFma as unknown as Kernel, params);
    flops = Math.max(flops, probeFma.cost(params).flops / ms);
    if (ms > 100) break;
  }
  const bytes = probeCopy.cost(copy).bytes / (await best(probeCopy as unknown as Kernel, copy));
  return { gflops: flops / 1e6, gigabytesPerSecond: bytes / 1e6 };
}

function show(terminal: Terminal, { variant, chosen, ms, gflops, gigabytesPerSecond, shareOfLimit }: Result): void {
  const rates = `${gflops.toFixed(2).padStart(8)} GFLOP/s ${gigabytesPerSecond.toFixed(2).padStart(7)} GB/s`;
  const share = `${(100 * shareOfLimit).toFixed(0).padStart(3)}%`;
  terminal.say(`${chosen ? '*' : ' '} ${variant.padEnd(9)} ${milliseconds(ms).padEnd(30)} ${rates} ${share}`);
}

/** The parameters that do not grow with the batch. */
const layerOf = (params: object): string =>
  JSON.stringify(params, (name, value: unknown) => (/^(batch|rows|splits|parts)$/.test(name) ? undefined : value));

const sizes = (params: object): string => {
  const p = params as Readonly<Record<string, number>>;
  if ('kernelHeight' in p) {
    const [from, to] = [`${p['height']}×${p['width']}`, `${p['outHeight']}×${p['outWidth']}`];
    const images = `${from}×${p['inChannels']} → ${to}×${p['outChannels']}`;
    return `batch ${p['batch']}, ${images}, kernel ${p['kernelHeight']}×${p['kernelWidth']}`;
  }
  if ('poolHeight' in p) {
    return `batch ${p['batch']}, ${p['height']}×${p['width']}×${p['channels']} → ${p['outHeight']}×${p['outWidth']}`;
  }
  return Object.entries(params)
    .filter(
      ([name, value]) =>
        /^(batch|rows|length|channels|classes|.*Features|splits|outer|inner|parts)$/.test(name) && value !== 1,
    )
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
};

/** What the notebook's training and prediction ask of each kernel; of one that they do not use, its costliest case. */
async function benchmarkCases(
  gpu: Gpu,
  kernels: readonly Kernel[],
  batches: readonly number[],
): Promise<Map<Kernel, object[]>> {
  const shapes = new Map<Kernel, Map<string, object>>(kernels.map((kernel) => [kernel, new Map()]));
  const model = notebookModel(SHAPE, { seed: 1 });
  const optimizer = new Adam();
  model.compile({ gpu, optimizer });
  const { memory, moments } = model.compiled;
  const program = { layers: model.layers, memory, seed: 1 };
  const totals = gpu.storage('totals', 12);
  for (const batch of batches) {
    const data = new DeviceData(gpu, 'bench', randomSamples(batch));
    const results = gpu.storage('results', batch * 40);
    const recorder = new Recorder(gpu);
    const size = { size: batch, stride: batch };
    trainStep(recorder, program, data, size, sparseCategoricalCrossentropy, optimizer, moments, totals);
    predictStep(recorder, program, data, size, results);
    for (const { kernel, params } of recorder.requests) shapes.get(kernel)?.set(JSON.stringify(params), params);
    data.destroy();
    results.buffer?.destroy();
  }
  totals.buffer?.destroy();
  model.destroy();
  return new Map(
    kernels.map((kernel) => {
      const used = [...(shapes.get(kernel) as Map<string, object>).values()];
      const costs = kernel.cases.map((params) => kernel.cost(params).bytes);
      return [kernel, used.length > 0 ? used : [kernel.cases[costs.indexOf(Math.max(...costs))] as object]];
    }),
  );
}

function readReport(file: string): Report {
  if (!existsSync(file))
    throw new CommandError(
      `${file}: there is no such file; --compare expects what "anke bench kernels --json" printed`,
    );
  let report: Partial<Report>;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Partial<Report>;
  } catch {
    throw new CommandError(`${file}: this is no JSON; --compare expects what "anke bench kernels --json" printed`);
  }
  const valid =
    Array.isArray(report.results) &&
    report.results.every((result) => typeof result?.ms?.median === 'number' && typeof result.kernel === 'string');
  if (!valid)
    throw new CommandError(
      `${file}: this JSON holds no benchmark; --compare expects what "anke bench kernels --json" printed`,
    );
  return report as Report;
}

function showComparison(terminal: Terminal, before: Report, results: readonly Result[]): void {
  const key = ({ kernel, variant, params }: Result): string => `${kernel} ${variant} ${JSON.stringify(params)}`;
  const old = new Map(before.results.map((result) => [key(result), result.ms.median]));
  terminal.heading(`Against the earlier run (${before.adapter})`);
  let found = 0;
  for (const result of results) {
    const earlier = old.get(key(result));
    if (earlier === undefined) continue;
    found++;
    const ratio = earlier / result.ms.median;
    const word = ratio >= 1 ? `${ratio.toFixed(2)} × as fast` : `${(1 / ratio).toFixed(2)} × as slow`;
    const colored = ratio > 1.1 ? colors.green(word) : ratio < 1 / 1.1 ? colors.red(word) : word;
    const name = `${result.kernel} ${result.variant}`.padEnd(36);
    const times = `${earlier.toFixed(3).padStart(9)} → ${result.ms.median.toFixed(3).padStart(9)} ms`;
    terminal.say(`  ${name} ${times}  ${colored}  ${colors.dim(sizes(result.params))}`);
  }
  if (found === 0) terminal.say('  nothing in common: no kernel, variant and shape is in both');
}
