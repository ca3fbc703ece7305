/** `anke bench kernels`: single kernels, every variant that the device has, at the shapes of a recipe's model. */
import { existsSync, readFileSync } from 'node:fs';
import { type Kernel, registry } from '@anke/kernels';
import { type KernelRun, type Limits, milliseconds, probe } from '@anke/report';
import { type Command, Option } from 'commander';
import colors from 'picocolors';
import { KernelBench, type KernelResult, kernelCases, sizesOf } from '../bench/kernels.js';
import { openDevice } from '../device.js';
import { CommandError, UsageError } from '../errors.js';
import { Terminal } from '../terminal.js';
import { type ModelOptions, modelOptions, recipeModel } from './model-options.js';
import { GROUP, positiveList } from './options.js';
import type { AnswerOptions } from './output.js';

interface Options extends ModelOptions, AnswerOptions {
  readonly filter?: string;
  readonly variant?: string;
  readonly batch: readonly number[];
  readonly compare?: string;
}

export function addBenchKernels(bench: Command): void {
  const command = bench
    .command('kernels')
    .description('time single kernels, every variant that this device has, at the shapes of a recipe’s model')
    .optionsGroup(GROUP.measurement)
    .option('--filter <text>', 'only kernels with this in their name')
    .option('--variant <name>', 'only this variant')
    .addOption(
      new Option('--batch <n,…>', 'images in a batch').argParser(positiveList).default([32, 256, 1024], '32,256,1024'),
    );
  modelOptions(command, 'the model’s recipe: a built-in one, or a JSON or TypeScript file')
    .optionsGroup(GROUP.output)
    .option('--compare <old.json>', 'set the times against those that an earlier run printed with --json')
    .addHelpText(
      'after',
      `
A star marks the variant that runs unless another is forced. The last column is the share of what the device can
do at best, in multiply-adds or in copying, whichever is more. Kernels that the recipe’s steps do not use are timed at
the largest shape of their tests.

Examples:
  anke bench kernels --filter conv2d/forward --batch 256
  anke bench kernels --filter conv2d --json > before.json
  anke bench kernels --filter conv2d --compare before.json`,
    )
    .action(runBenchKernels);
}

interface Report {
  readonly adapter: string;
  readonly limits: Limits;
  readonly results: readonly KernelResult[];
}

async function runBenchKernels(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const kernels = kernelsOf(options);
  const before = options.compare === undefined ? undefined : readReport(options.compare);
  const model = await recipeModel(options);
  const { gpu, report } = await openDevice(terminal);
  terminal.fact('adapter', report.name);
  const limits = await probe(gpu);
  const [flops, bytes] = [limits.gflops.toFixed(0), limits.gigabytesPerSecond.toFixed(1)];
  terminal.fact('at best', `${flops} GFLOP/s of multiply-adds, ${bytes} GB/s of copying, measured just now`);
  const bench = new KernelBench(gpu, limits);
  const results: KernelResult[] = [];
  for (const [kernel, shapes] of kernelCases(gpu, kernels, model, options.batch)) {
    for (const params of shapes) {
      terminal.say();
      terminal.say(`${colors.bold(kernel.name)}  ${sizesOf(params)}`);
      for (const variant of gpu.compiler.available(kernel, params)) {
        if ((options.variant ?? variant) !== variant) continue;
        const run: KernelRun = { kernel, params, variant };
        const tooLong = options.variant === undefined ? bench.tooLong(run) : undefined;
        if (tooLong !== undefined) {
          const reason = `left out, as it would take about ${tooLong.toFixed(0)} ms`;
          terminal.say(colors.dim(`  ${variant.padEnd(COLUMN)} ${reason}`));
          continue;
        }
        const result = await bench.time(run);
        results.push(result);
        show(terminal, result);
      }
    }
  }
  if (results.length === 0)
    throw new UsageError(`none of these kernels has a variant "${options.variant}" that this device can run`);
  if (before) showComparison(terminal, before, results);
  terminal.result({ adapter: report.name, limits, results } satisfies Report);
  gpu.destroy();
}

/** @throws UsageError if there is no such kernel or no such variant */
function kernelsOf({ filter = '', variant }: Options): readonly Kernel[] {
  const kernels = registry.filter(({ name }) => name.includes(filter));
  if (kernels.length === 0) {
    const names = registry.map(({ name }) => name).join(', ');
    throw new UsageError(`no kernel has "${filter}" in its name; there are ${names}`);
  }
  if (variant !== undefined && !kernels.some(({ variants }) => variant in variants)) {
    const names = new Set(kernels.flatMap(({ variants }) => Object.keys(variants)));
    throw new UsageError(`none of these kernels has a variant "${variant}"; there are ${[...names].join(', ')}`);
  }
  return kernels;
}

/** Width of the column of variants. */
const COLUMN = 14;

function show(terminal: Terminal, result: KernelResult): void {
  const { variant, chosen, ms, gflops, gigabytesPerSecond, shareOfLimit } = result;
  const rates = `${gflops.toFixed(2).padStart(8)} GFLOP/s ${gigabytesPerSecond.toFixed(2).padStart(7)} GB/s`;
  const share = `${(100 * shareOfLimit).toFixed(0).padStart(3)}%`;
  terminal.say(`${chosen ? '*' : ' '} ${variant.padEnd(COLUMN)} ${milliseconds(ms).padEnd(30)} ${rates} ${share}`);
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

function showComparison(terminal: Terminal, before: Report, results: readonly KernelResult[]): void {
  const key = ({ kernel, variant, params }: KernelResult): string => `${kernel} ${variant} ${JSON.stringify(params)}`;
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
    const [then, now] = [earlier, result.ms.median].map((ms) => ms.toFixed(3).padStart(9));
    const name = `${result.kernel} ${result.variant}`.padEnd(36);
    terminal.say(`  ${name} ${then} → ${now} ms  ${colored}  ${colors.dim(sizesOf(result.params))}`);
  }
  if (found === 0) terminal.say('  nothing in common: no kernel, variant and shape is in both');
}
