/** `anke bench step`: how long a training step and a prediction of a recipe's model take, and what of it. */
import { writeFileSync } from 'node:fs';
import { DeviceError, type Gpu, type MemoryUse, type Recorder, type Recording } from '@anke/kernels';
import { stepsInSubmit } from '@anke/nn';
import { byKernel, count, type KernelShare, measure, milliseconds, type Times, timeDispatches } from '@anke/report';
import { type Command, Option } from 'commander';
import colors from 'picocolors';
import { type BenchOptions, BenchSession } from '../bench/session.js';
import { Trace } from '../bench/trace.js';
import { openDevice, type TuningOptions } from '../device.js';
import { Terminal } from '../terminal.js';
import { type ModelOptions, modelOptions, type RecipeModel, recipeModel } from './model-options.js';
import { GROUP, positiveList, tuningOptions } from './options.js';
import { type AnswerOptions, writable } from './output.js';

interface Options extends TuningOptions, ModelOptions, AnswerOptions {
  readonly storage?: 'float32' | 'float16';
  readonly batch: readonly number[];
  readonly fuse: boolean;
  readonly trace?: string;
  readonly force?: boolean;
}

export function addBenchStep(bench: Command): void {
  const command = bench
    .command('step')
    .description('time a training step and prediction of the notebook’s CNN, or of any recipe’s model')
    .optionsGroup(GROUP.measurement)
    .addOption(
      new Option('--batch <n,…>', 'images in a step; the first is shown in detail, all of them side by side')
        .argParser(positiveList)
        .default([32, 1, 4, 16, 64, 256, 1024, 4096], '32,1,4,16,64,256,1024,4096'),
    )
    .option(
      '--trace <file>',
      'write where the time goes with the first batch size, to be opened in ui.perfetto.dev or chrome://tracing',
    )
    .option('--force', 'replace the file of --trace if it is there already');
  modelOptions(command, 'the model’s recipe: a built-in one, or a JSON or TypeScript file')
    .optionsGroup(GROUP.device)
    .addOption(
      new Option('--storage <type>', 'how activations are kept on the device; default: as the recipe says').choices([
        'float32',
        'float16',
      ]),
    )
    .option('--no-fuse', 'run the plain dispatches that the layers send, none of them fused');
  tuningOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  anke bench step
  anke bench step --batch 32,128,512
  anke bench step --batch 256 --recipe mine.json --no-fuse
  anke bench step --batch 32 --trace step.json`,
    )
    .action(runBenchStep);
}

/** One batch size, measured. */
interface StepResult {
  readonly batch: number;
  readonly step: Times;
  /** From an empty recording to the end of the first step: choosing, compiling, one step. */
  readonly firstStepMs: number;
  readonly prediction: Times;
  readonly dispatches: number;
  readonly predictionDispatches: number;
  readonly stepsInSubmit: number;
  readonly gpuBytes: number;
  readonly memory: MemoryUse;
  readonly kernels: readonly KernelShare[];
}

async function runBenchStep(options: Options): Promise<void> {
  const [detailed = 32, ...others] = options.batch;
  const terminal = new Terminal(options);
  const { storage, fuse, trace: file } = options;
  if (file !== undefined) writable(file, options);
  const model = await recipeModel(options);
  const { gpu, report } = await openDevice(terminal, options);
  const trace = new Trace();
  const bench = (batch: number): Promise<StepResult> =>
    benchBatch(gpu, model, { batch, storage, fuse, trace: batch === detailed ? trace : new Trace() });
  terminal.fact('adapter', report.name);
  terminal.fact('recipe', `${model.recipe.name}, images ${model.inputShape.join(' × ')}, ${model.classes} classes`);
  const result = await bench(detailed);
  showDetails(terminal, result);
  if (file !== undefined) {
    writeFileSync(file, trace.json(report.name));
    terminal.fact('trace', file);
  }

  const growth: (StepResult | { readonly batch: number; readonly error: string })[] = [result];
  if (others.length > 0) {
    terminal.heading('As the batch grows');
    terminal.say(colors.dim('   batch     training step    images/s    prediction   images/s    GPU memory'));
    const bar = terminal.progress('Batches', 'batches');
    const sorted = [...new Set(options.batch)].sort((a, b) => a - b);
    for (const [i, batch] of sorted.entries()) {
      bar.update(i, sorted.length);
      const row = batch === detailed ? result : await unlessTooLarge(batch, bench);
      if (batch !== detailed) growth.push(row);
      bar.stop();
      terminal.say('error' in row ? `  ${String(batch).padStart(6)}     ${row.error}` : growthRow(row));
    }
  }
  growth.sort((a, b) => a.batch - b.batch);
  terminal.result({ adapter: report.name, recipe: model.recipe.name, ...result, growth });
  gpu.destroy();
}

const rate = (batch: number, { median }: Times): number => (batch / median) * 1000;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function growthRow({ batch, step, prediction, gpuBytes }: StepResult): string {
  const ms = ({ median }: Times): string => `${median.toFixed(median < 100 ? 2 : 0)} ms`.padStart(13);
  const images = (times: Times): string => count(rate(batch, times)).padStart(11);
  const cells = [ms(step), images(step), ms(prediction), images(prediction), mebibytes(gpuBytes).padStart(13)];
  return `  ${String(batch).padStart(6)}     ${cells.join(' ')}`;
}

/** A batch that the device has no memory for is a result too. */
async function unlessTooLarge(
  batch: number,
  bench: (batch: number) => Promise<StepResult>,
): Promise<StepResult | { readonly batch: number; readonly error: string }> {
  try {
    return await bench(batch);
  } catch (error) {
    if (error instanceof DeviceError) return { batch, error: error.message };
    throw error;
  }
}

/** Steps that a trace shows one by one, between the first one and the one whose dispatches are timed. */
const TRACED_STEPS = 5;

async function benchBatch(
  gpu: Gpu,
  model: RecipeModel,
  { trace, ...options }: BenchOptions & { readonly trace: Trace },
): Promise<StepResult> {
  const { batch } = options;
  const bench = new BenchSession(gpu, model, options);
  const recordings: Recording[] = [];
  const finished = async (pass: string, recorder: () => Recorder): Promise<Recording> => {
    const recorded = await trace.host(`record ${pass}`, recorder);
    const recording = await trace.host(`fuse, plan and compile ${pass}`, () => recorded.finish());
    recordings.push(recording);
    return recording;
  };
  const replay = async (recording: Recording): Promise<void> => {
    await trace.host('submit', () => recording.submit());
    await trace.host('wait', () => gpu.finish());
  };
  try {
    const started = performance.now();
    const training = await finished('a training step', () => bench.training());
    await replay(training);
    const firstStepMs = performance.now() - started;
    for (let i = 0; i < TRACED_STEPS; i++) await replay(training);
    const step = await trace.host('measure many steps', () => measure(gpu, training));
    const predicting = await finished('a prediction', () => bench.prediction());
    const prediction = await trace.host('measure many predictions', () => measure(gpu, predicting));
    const isTimed = gpu.device.features.has('timestamp-query');
    const kernels = isTimed ? byKernel((await timeDispatches(training)).times) : [];
    if (isTimed) trace.device(await trace.host('a step, each dispatch timed', () => training.time()));
    return {
      batch,
      step,
      firstStepMs,
      prediction,
      dispatches: training.dispatches,
      predictionDispatches: predicting.dispatches,
      stepsInSubmit: stepsInSubmit(step.median),
      gpuBytes: training.memory.planned + bench.bytes,
      memory: training.memory,
      kernels,
    };
  } finally {
    for (const recording of recordings) recording.destroy();
    bench.destroy();
  }
}

function showDetails(terminal: Terminal, result: StepResult): void {
  const { batch, step, prediction, memory, kernels } = result;
  terminal.fact('training step', `${milliseconds(step)}, batch ${batch}: ${count(rate(batch, step))} images/s`);
  terminal.fact('first step', `${result.firstStepMs.toFixed(0)} ms, with compiling`);
  terminal.fact('dispatches', `${result.dispatches} for training, ${result.predictionDispatches} for prediction`);
  terminal.fact(
    'submits',
    result.stepsInSubmit === 1 ? 'one for each step' : `one for every ${result.stepsInSubmit} steps`,
  );
  terminal.fact(
    'prediction',
    `${milliseconds(prediction)}, batch ${batch}: ${count(rate(batch, prediction))} images/s`,
  );
  const activations = [
    `activations ${mebibytes(memory.planned)} planned`,
    `${mebibytes(memory.peak)} alive at most`,
    `${mebibytes(memory.naive)} without a plan`,
  ];
  terminal.fact('GPU memory', `${mebibytes(result.gpuBytes)}; ${activations.join(', ')}`);
  if (kernels.length === 0) return;
  terminal.heading('Where a training step’s time goes');
  const longest = Math.max(...kernels.map(({ ms }) => ms));
  const width = Math.max(6, Math.min(24, terminal.columns - 76));
  for (const { kernel, ms, dispatches, gflops } of kernels) {
    const bar = '█'.repeat(Math.max(1, Math.round((width * ms) / longest)));
    const speed = gflops >= 0.5 ? `${gflops.toFixed(1)} GFLOP/s` : '';
    const cells = `${kernel.padEnd(38)} ${ms.toFixed(3).padStart(8)} ms ${String(dispatches).padStart(2)}`;
    terminal.say(`  ${cells} × ${bar} ${speed}`.trimEnd());
  }
}
