/**
 * `pnpm soak [--steps 100000] [--models 500]`: trains one model for many steps, then builds, trains, asks and drops
 * many models, and says whether memory stays level. It prints the bytes of the engine's buffers on the device, Node's
 * heap, and the process's memory, and ends with exit code 1 if one of them grows.
 */
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import {
  Adam,
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  EarlyStopping,
  Flatten,
  l2,
  MaxPooling2D,
  Sequential,
} from '@anke/nn';
import { optionsOf } from './arguments.mjs';

const USAGE = `pnpm soak: whether memory stays level

  --steps N    trains one model for so many steps (100000)
  --models N   then builds, trains, asks and drops so many (500)`;
const { steps, models } = optionsOf(
  USAGE,
  { steps: { type: 'string', default: '100000' }, models: { type: 'string', default: '500' } },
  { steps: 'whole', models: 'whole' },
);

const BATCH = 4;
/** Lines that each part prints. */
const LINES = 20;
/**
 * How much the median of the last quarter may be above that of the second one, in bytes. Node's heap and the process
 * rise and fall by themselves; buffers on the device do not.
 */
const ALLOWED = { device: 0, heap: 2 ** 20, process: 16 * 2 ** 20 };

const model = () =>
  new Sequential([
    new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
    new BatchNormalization(),
    new MaxPooling2D(),
    new Flatten(),
    new Dense({ units: 8, activation: 'relu', kernelRegularizer: l2(0.01) }),
    new Dropout({ rate: 0.25 }),
    new Dense({ units: 3, activation: 'softmax' }),
  ]);

const samples = (count) => ({
  pixels: Uint8Array.from({ length: count * 64 }, (_, i) => (i * 37) % 256),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
  shape: [8, 8, 1],
});

/** Bytes of all buffers that have been made from now on and not been destroyed. */
function countBytes({ device }) {
  let live = 0;
  const { createBuffer } = device;
  device.createBuffer = (wanted) => {
    const buffer = createBuffer.call(device, wanted);
    const { destroy } = buffer;
    live += wanted.size;
    buffer.destroy = () => {
      live -= wanted.size;
      buffer.destroy = destroy;
      destroy.call(buffer);
    };
    return buffer;
  };
  return () => live;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Watches memory during one part of the work. */
class Watch {
  #seen = [];
  #started = performance.now();

  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
    console.log(`\n${what.padStart(10)}   device bytes   heap MiB   process MiB   seconds`);
  }

  look(done) {
    globalThis.gc();
    globalThis.gc();
    const { heapUsed, rss } = process.memoryUsage();
    this.#seen.push({ device: this.bytes(), heap: heapUsed, process: rss });
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    const [heap, whole] = [heapUsed, rss].map((size) => (size / 2 ** 20).toFixed(2));
    const cells = [String(this.bytes()).padStart(12), heap.padStart(8), whole.padStart(11), seconds.padStart(7)];
    console.log(`${String(done).padStart(10)}   ${cells.join('   ')}`);
  }

  /** What has grown, a line each. */
  growth() {
    const quarter = this.#seen.length / 4;
    return Object.entries(ALLOWED).flatMap(([kind, allowed]) => {
      const medianOf = (from) =>
        median(this.#seen.slice(from * quarter, (from + 1) * quarter).map((each) => each[kind]));
      const grown = medianOf(3) - medianOf(1);
      return grown > allowed ? [`${this.what}: the memory of the ${kind} grew by ${grown} bytes`] : [];
    });
  }
}

/** One model, for many steps. */
async function manySteps(gpu, bytes) {
  const perEpoch = Math.ceil(Number(steps) / LINES);
  const trained = model();
  trained.compile({ gpu, optimizer: new Adam() });
  const watch = new Watch(bytes, 'steps');
  await trained.fit(samples(perEpoch * BATCH), {
    epochs: LINES,
    batchSize: BATCH,
    validationData: samples(64),
    callbacks: [
      new EarlyStopping({ patience: LINES, restoreBestWeights: true }),
      { onEpochEnd: (epoch) => watch.look((epoch + 1) * perEpoch) },
    ],
  });
  trained.destroy();
  return watch.growth();
}

/** Many models, for a few steps each. */
async function manyModels(gpu, bytes) {
  const watch = new Watch(bytes, 'models');
  for (let i = 1; i <= Number(models); i++) {
    const dropped = model();
    dropped.compile({ gpu, optimizer: new Adam() });
    await dropped.fit(samples(10), { epochs: 1, batchSize: BATCH, validationData: samples(5) });
    await dropped.evaluate(samples(6));
    await dropped.predict(samples(7));
    dropped.destroy();
    if (i % Math.max(1, Math.floor(Number(models) / LINES)) === 0) watch.look(i);
  }
  return bytes() === 0 ? watch.growth() : [`models: ${bytes()} bytes were left on the device`];
}

const { adapter, name } = await openAdapter(console.log);
console.log(name);
const gpu = await Gpu.open(adapter);
const bytes = countBytes(gpu);
const growth = [...(await manySteps(gpu, bytes)), ...(await manyModels(gpu, bytes))];
gpu.check();
gpu.destroy();
console.log(growth.length === 0 ? '\nMemory stays level.' : `\n${growth.join('\n')}`);
process.exitCode = growth.length === 0 ? 0 : 1;
