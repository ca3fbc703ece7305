import { type DispatchTime, Recorder } from '@anke/kernels';
import { Adam, DeviceData, predictStep, type Samples, sparseCategoricalCrossentropy, trainStep } from '@anke/nn';
import { Random } from '@anke/random';
import type { Command } from 'commander';
import { openDevice } from '../device.js';
import { notebookModel, RESCALE } from '../notebook-model.js';
import { count, Terminal } from '../terminal.js';
import { measure, milliseconds } from '../timing.js';
import { positive } from './options.js';

const SHAPE = [28, 28, 1] as const;

export function addBenchStep(bench: Command): void {
  bench
    .command('step')
    .description('time a training step and prediction of the notebook’s CNN')
    .option('--batch <n>', 'images in a step', positive, 32)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText('after', '\nExample:\n  anke bench step --batch 256')
    .action(runBenchStep);
}

function randomSamples(images: number): Samples {
  const random = new Random(1, 'bench');
  const pixels = Uint8Array.from({ length: images * 784 }, () => random.integer(256));
  return { pixels, labels: Uint8Array.from({ length: images }, (_, i) => i % 10), shape: SHAPE, rescale: RESCALE };
}

async function runBenchStep(options: { readonly batch: number; readonly json?: boolean }): Promise<void> {
  const { batch } = options;
  const terminal = new Terminal(options);
  const { gpu, report } = await openDevice(terminal);
  terminal.fact('adapter', report.name);

  const model = notebookModel(SHAPE, { seed: 1 });
  const optimizer = new Adam();
  model.compile({ gpu, optimizer });
  const { memory, moments } = model.compiled;
  const data = new DeviceData(gpu, 'bench', randomSamples(batch));
  const totals = gpu.storage('totals', 12);
  const results = gpu.storage('results', batch * 40);
  // The same batch each time: the counters stay where they are.
  const program = { layers: model.layers, memory, seed: model.seed };
  const size = { size: batch, stride: 0 };

  const started = performance.now();
  const trainer = new Recorder(gpu);
  trainStep(trainer, program, data, size, sparseCategoricalCrossentropy, optimizer, moments, totals);
  const training = await trainer.finish();
  training.submit();
  await gpu.finish();
  const first = performance.now() - started;

  const step = await measure(gpu, training);
  const predictor = new Recorder(gpu);
  predictStep(predictor, program, data, size, results);
  const prediction = await predictor.finish();
  const predicting = await measure(gpu, prediction);

  const fixed = [memory.weights, memory.gradients, memory.averages, ...moments, data.pixels, data.labels, data.order];
  const bytes = training.memory.planned + fixed.reduce((sum, storage) => sum + storage.bytes, 0);
  const images = (batch / predicting.median) * 1000;
  const mebibytes = (value: number): string => `${(value / 2 ** 20).toFixed(1)} MiB`;
  terminal.fact(
    'training step',
    `${milliseconds(step)}, batch ${batch}: ${count((batch / step.median) * 1000)} images/s`,
  );
  terminal.fact('first step', `${first.toFixed(0)} ms, with compiling`);
  terminal.fact('dispatches', `${training.dispatches} for training, ${prediction.dispatches} for prediction`);
  terminal.fact('prediction', `${milliseconds(predicting)}, batch ${batch}: ${count(images)} images/s`);
  terminal.fact(
    'GPU memory',
    `${mebibytes(bytes)}; activations ${mebibytes(training.memory.planned)} planned, ${mebibytes(training.memory.peak)} alive at most, ${mebibytes(training.memory.naive)} without a plan`,
  );

  const kernels = gpu.device.features.has('timestamp-query') ? byKernel(await training.time()) : [];
  if (kernels.length > 0) {
    terminal.heading('Where a training step’s time goes');
    const longest = Math.max(...kernels.map(({ ms }) => ms));
    for (const { kernel, ms, dispatches, gflops } of kernels) {
      const bar = '█'.repeat(Math.max(1, Math.round((24 * ms) / longest)));
      const rate = gflops >= 0.5 ? `${gflops.toFixed(1)} GFLOP/s` : '';
      terminal.say(
        `  ${kernel.padEnd(34)} ${ms.toFixed(2).padStart(8)} ms ${String(dispatches).padStart(3)} × ${bar} ${rate}`.trimEnd(),
      );
    }
  }
  terminal.result({
    adapter: report.name,
    batch,
    step,
    firstStepMs: first,
    prediction: { ...predicting, imagesPerSecond: images },
    dispatches: training.dispatches,
    gpuBytes: bytes,
    memory: training.memory,
    kernels,
  });
  gpu.destroy();
}

/** Dispatches of the same kernel and variant added up, the longest first. */
function byKernel(
  times: readonly DispatchTime[],
): { kernel: string; ms: number; dispatches: number; gflops: number }[] {
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
