/** `anke bench step`: times a training step and a prediction of the notebook's CNN. */
import { DeviceError, type Gpu, type MemoryUse, Recorder, type Recording } from '@anke/kernels';
import { Adam, DeviceData, predictStep, sparseCategoricalCrossentropy, stepsInSubmit, trainStep } from '@anke/nn';
import { byKernel, count, type KernelShare, measure, milliseconds, type Times } from '@anke/report';
import { notebookModel } from '@anke/training';
import { type Command, Option } from 'commander';
import colors from 'picocolors';
import { randomSamples, SHAPE } from '../bench-data.js';
import { openDevice, type TuningOptions } from '../device.js';
import { Terminal } from '../terminal.js';
import { positiveList, tuningOptions } from './options.js';

type Storage = 'float32' | 'float16';

interface Options extends TuningOptions {
  readonly storage: Storage;
  readonly batch: readonly number[];
  readonly json?: boolean;
}

export function addBenchStep(bench: Command): void {
  const command = bench
    .command('step')
    .description('time a training step and prediction of the notebook’s CNN')
    .addOption(
      new Option('--batch <n,…>', 'images in a step; the first is shown in detail, all of them side by side')
        .argParser(positiveList)
        .default([32, 1, 4, 16, 64, 256, 1024, 4096], '32,1,4,16,64,256,1024,4096'),
    )
    .addOption(
      new Option('--storage <type>', 'how activations are kept on the device')
        .choices(['float32', 'float16'])
        .default('float32'),
    )
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr');
  tuningOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  anke bench step
  anke bench step --batch 256
  anke bench step --batch 32,128,512`,
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
  const { gpu, report } = await openDevice(terminal, options);
  terminal.fact('adapter', report.name);
  const result = await benchBatch(gpu, options.storage, detailed, true);
  showDetails(terminal, result);

  const growth: (StepResult | { readonly batch: number; readonly error: string })[] = [result];
  if (others.length > 0) {
    terminal.heading('As the batch grows');
    terminal.say(colors.dim('   batch     training step    images/s    prediction   images/s    GPU memory'));
    const bar = terminal.progress('Batches', 'batches');
    const sorted = [...new Set(options.batch)].sort((a, b) => a - b);
    for (const [i, batch] of sorted.entries()) {
      bar.update(i, sorted.length);
      const row = batch === detailed ? result : await tryBatch(gpu, options.storage, batch);
      if (batch !== detailed) growth.push(row);
      bar.stop();
      terminal.say('error' in row ? `  ${String(batch).padStart(6)}     ${row.error}` : growthRow(row));
    }
  }
  growth.sort((a, b) => a.batch - b.batch);
  terminal.result({ adapter: report.name, ...result, growth });
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

async function tryBatch(
  gpu: Gpu,
  storage: Storage,
  batch: number,
): Promise<StepResult | { batch: number; error: string }> {
  try {
    return await benchBatch(gpu, storage, batch, false);
  } catch (error) {
    if (error instanceof DeviceError) return { batch, error: error.message };
    throw error;
  }
}

async function benchBatch(gpu: Gpu, storage: Storage, batch: number, byKernels: boolean): Promise<StepResult> {
  const model = notebookModel(SHAPE, { seed: 1 });
  const optimizer = new Adam();
  model.compile({ gpu, optimizer, storage });
  const { memory, moments } = model.compiled;
  const data = new DeviceData(gpu, 'bench', randomSamples(batch));
  const totals = gpu.storage('totals', 12);
  const results = gpu.storage('results', batch * 40);
  const { program } = model;
  // The same batch each time: the counters may move on.
  const size = { size: batch, stride: 0 };
  const recordings: Recording[] = [];
  const record = async (step: (recorder: Recorder) => unknown): Promise<Recording> => {
    const recorder = new Recorder(gpu);
    step(recorder);
    const recording = await recorder.finish();
    recordings.push(recording);
    return recording;
  };
  try {
    const started = performance.now();
    const training = await record((recorder) =>
      trainStep(recorder, program, data, size, sparseCategoricalCrossentropy, optimizer, moments, totals),
    );
    training.submit();
    await gpu.finish();
    const firstStepMs = performance.now() - started;
    const step = await measure(gpu, training);
    const predicting = await record((recorder) => predictStep(recorder, program, data, size, results));
    const prediction = await measure(gpu, predicting);
    const fixed = [memory.weights, memory.gradients, memory.averages, ...moments, data.pixels, data.labels, data.order];
    return {
      batch,
      step,
      firstStepMs,
      prediction,
      dispatches: training.dispatches,
      predictionDispatches: predicting.dispatches,
      stepsInSubmit: stepsInSubmit(step.median),
      gpuBytes: training.memory.planned + fixed.reduce((sum, storage) => sum + storage.bytes, 0),
      memory: training.memory,
      kernels: byKernels && gpu.device.features.has('timestamp-query') ? byKernel(await training.time()) : [],
    };
  } finally {
    for (const recording of recordings) recording.destroy();
    data.destroy();
    for (const { buffer } of [totals, results]) buffer?.destroy();
    model.destroy();
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
  const width = Math.max(6, Math.min(24, terminal.columns - 74));
  for (const { kernel, ms, dispatches, gflops } of kernels) {
    const bar = '█'.repeat(Math.max(1, Math.round((width * ms) / longest)));
    const speed = gflops >= 0.5 ? `${gflops.toFixed(1)} GFLOP/s` : '';
    const cells = `${kernel.padEnd(36)} ${ms.toFixed(3).padStart(8)} ms ${String(dispatches).padStart(2)}`;
    terminal.say(`  ${cells} × ${bar} ${speed}`.trimEnd());
  }
}
