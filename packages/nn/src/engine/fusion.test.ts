/**
 * One training step of whole graphs, its plain dispatches and the fused ones, on the device and by the references in
 * float64. So a fusion that is right in its own case, but not in a whole step, is found: in float64 there is hardly any
 * rounding that could hide it.
 */
import { Recorder, ReferenceExecutor, type Storage } from '@anke/kernels';
import { Random } from '@anke/random';
import { expect, test } from 'vitest';
import {
  Adam,
  AdamW,
  Add,
  Average,
  AveragePooling2D,
  Batches,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  DeviceData,
  Dropout,
  ELU,
  Flatten,
  GaussianNoise,
  GlobalMaxPooling2D,
  Graph,
  input,
  LayerNormalization,
  LeakyReLU,
  l2,
  Multiply,
  Nadam,
  type Node,
  type NotebookWidths,
  notebookCnn,
  type Optimizer,
  ReLU,
  Reshape,
  SeparableConv2D,
  Session,
  SpatialDropout2D,
  UpSampling2D,
} from '../index.js';
import { useGpu } from '../testing/device.js';

const gpu = useGpu();

/** Rectifiers with a cap, a slope and two readers, convolutions without bias, and a layer that is used twice. */
function branches(): Graph {
  const x = input([9, 8, 1]);
  const stem = new Conv2D({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(x);
  const shared = new Conv2D({ filters: 6, kernelSize: 1, useBias: false, kernelRegularizer: l2(0.02) });
  const left = new ReLU({ negativeSlope: 0.1 }).apply(shared.apply(shared.apply(stem)));
  const depthwise = new DepthwiseConv2D({ kernelSize: 3, padding: 'same', useBias: false }).apply(stem);
  const right = new ReLU({ maxValue: 1.5 }).apply(new BatchNormalization().apply(depthwise));
  const joined = new Concatenate().apply(new Add().apply(left, right, stem), right);
  const mixed = new Conv2D({ filters: 5, kernelSize: 3, strides: 2 }).apply(joined);
  const pooled = new AveragePooling2D({ poolSize: 2 }).apply(new ReLU({ maxValue: 6 }).apply(mixed));
  const features = new Dense({ units: 12, activation: 'relu', kernelRegularizer: l2(0.01) }).apply(
    new Flatten().apply(pooled),
  );
  return new Graph(x, new Dense({ units: 4 }).apply(new Dropout({ rate: 0.25 }).apply(features)), { seed: 2 });
}

/**
 * Residual blocks: one whose connection has a convolution, one as ResNet has it, with a rectifier behind the sum, and
 * one as MobileNetV2 has it, with none.
 */
function skips(): Graph {
  const x = input([9, 8, 1]);
  const normalized = (of: Node, filters: number, kernelSize: number, strides = 1): Node =>
    new BatchNormalization().apply(
      new Conv2D({ filters, kernelSize, strides, padding: 'same', useBias: false }).apply(of),
    );
  const relu = (of: Node): Node => new ReLU().apply(of);
  const stem = relu(normalized(x, 6, 3));
  const wide = relu(new Add().apply(normalized(stem, 9, 1, 2), normalized(relu(normalized(stem, 9, 3, 2)), 9, 3)));
  const same = relu(new Add().apply(wide, normalized(relu(normalized(wide, 9, 3)), 9, 3)));
  const narrow = normalized(same, 4, 1);
  const last = new Add().apply(narrow, normalized(relu(normalized(narrow, 12, 1)), 4, 1));
  return new Graph(x, new Dense({ units: 4 }).apply(new Flatten().apply(last)), { seed: 2 });
}

/** Smooth activations, channels that scale themselves, larger images, layer normalization, noise. */
function scaled(): Graph {
  const x = input([8, 6, 1]);
  const large = new UpSampling2D({ interpolation: 'bilinear' }).apply(x);
  const separable = new SeparableConv2D({ filters: 8, kernelSize: 3, strides: 2, activation: 'silu' }).apply(large);
  const normalized = new LayerNormalization().apply(new GaussianNoise({ stddev: 0.05 }).apply(separable));
  const wide = new Conv2D({ filters: 8, kernelSize: 1, activation: 'gelu' }).apply(normalized);
  const squeezed = new Dense({ units: 8, activation: 'sigmoid' }).apply(new GlobalMaxPooling2D().apply(wide));
  const gated = new SpatialDropout2D({ rate: 0.25 }).apply(new Multiply().apply(wide, squeezed));
  const joined = new LeakyReLU().apply(new Average().apply(gated, separable));
  const features = new ELU().apply(new Reshape({ targetShape: [-1] }).apply(joined));
  return new Graph(x, new Dense({ units: 4 }).apply(features), { seed: 2 });
}

const SMALL: NotebookWidths = { filters: [8, 16, 16], units: [32, 16, 8] };
const COUNT = 5;

/** Runs one step, and returns all that it changes. */
async function outcomes(session: Session, data: DeviceData) {
  const { memory, training } = session;
  const kept: Readonly<Record<string, Storage>> = {
    weights: memory.weights,
    untrained: memory.untrained,
    gradients: memory.gradients,
    ...training.buffers,
  };
  const start = new Map<Storage, Float32Array>();
  for (const storage of [...Object.values(kept), memory.rate]) start.set(storage, await gpu().readFloats(storage));
  const batch = { size: COUNT, stride: COUNT };

  const onDevice = async (fuse: boolean) => {
    for (const [storage, values] of start) gpu().write(storage, values);
    const batches = new Batches(gpu(), { data, seed: 8 });
    const recorder = new Recorder(gpu(), { fuse });
    const { loss } = session.train(recorder, batches, batch);
    recorder.keep(loss.storage);
    const dispatches = recorder.program.length;
    const recording = await recorder.finish();
    recording.submit();
    const values: Record<string, Float64Array> = {};
    for (const [name, storage] of Object.entries({ ...kept, loss: loss.storage, totals: batches.totals }))
      values[name] = Float64Array.from(await gpu().readFloats(storage));
    values['counters'] = Float64Array.from(await gpu().readWords(batches.counters));
    recording.destroy();
    batches.destroy();
    return { values, dispatches };
  };

  const byReference = async (fuse: boolean) => {
    const batches = new Batches(gpu(), { data, seed: 8 });
    const executor = new ReferenceExecutor(gpu());
    for (const [storage, values] of start) executor.values(storage).set(values);
    for (const storage of [
      ...Object.values(training.tables),
      data.pixels,
      data.labels,
      batches.source.order,
      batches.counters,
    ])
      executor.values(storage).set(await gpu().readWords(storage));
    const recorder = new Recorder(gpu(), { fuse });
    const { loss } = session.train(recorder, batches, batch);
    recorder.keep(loss.storage);
    for (const { kernel, params, bindings } of recorder.program) executor.dispatch(kernel, params, bindings);
    const all = { ...kept, loss: loss.storage, totals: batches.totals, counters: batches.counters };
    const values = Object.fromEntries(Object.entries(all).map(([name, s]) => [name, executor.values(s).slice()]));
    batches.destroy();
    return values;
  };

  return {
    plain: await onDevice(false),
    fused: await onDevice(true),
    exact: await byReference(false),
    exactFused: await byReference(true),
  };
}

const largestOf = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
/** The largest difference between two arrays; not a number if there is one in either. */
const distance = (some: Float64Array | undefined, others: Float64Array): number =>
  others.reduce((most, value, i) => Math.max(most, Math.abs(value - (some?.[i] ?? NaN))), 0);

const notebook = (): Graph => notebookCnn([28, 28, 1], { seed: 3, widths: SMALL });
const learningRate = { type: 'cosineDecay', initialLearningRate: 0.01, decaySteps: 10 } as const;

interface Case {
  readonly graph: () => Graph;
  readonly optimizer?: Optimizer;
  /** Numbers of dispatches. */
  readonly plain: number;
  readonly fused: number;
}
test.each<[string, Case]>([
  ['the notebook’s CNN', { graph: notebook, plain: 66, fused: 30 }],
  ['a graph with branches', { graph: branches, plain: 61, fused: 39 }],
  ['connections that skip layers', { graph: skips, plain: 91, fused: 50 }],
  ['channels that scale themselves', { graph: scaled, plain: 50, fused: 46 }],
  [
    'the notebook’s CNN, by AdamW with a schedule, clipping and averages: four dispatches more',
    {
      graph: notebook,
      optimizer: new AdamW({ learningRate, clipnorm: 0.1, excludeFromWeightDecay: ['bias'], useEma: true }),
      plain: 70,
      fused: 34,
    },
  ],
  [
    'a graph with branches, by Nadam, all clipped together',
    { graph: branches, optimizer: new Nadam({ globalClipnorm: 0.1, weightDecay: 0.1 }), plain: 63, fused: 42 },
  ],
])('plain and fused dispatches give what the references give: %s', async (_, expected) => {
  const graph = expected.graph();
  const random = new Random(4, 'images');
  const pixels = Uint8Array.from({ length: COUNT * graph.inputShape.reduce((a, b) => a * b) }, () =>
    random.integer(256),
  );
  const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 4);
  const data = new DeviceData(gpu(), 'data', { pixels, labels, shape: graph.inputShape, rescale: 1 / 255 });
  const session = Session.open(gpu(), graph);
  session.compile({ optimizer: expected.optimizer ?? new Adam() });
  const { plain, fused, exact, exactFused } = await outcomes(session, data);
  expect([plain.dispatches, fused.dispatches]).toEqual([expected.plain, expected.fused]);
  for (const [name, values] of Object.entries(exact)) {
    // The longest chain of sums: 5 images of 26 · 26 pixels, through some ten kernels.
    const terms = COUNT * 26 * 26 * 10;
    expect(distance(exactFused[name], values), `${name} in float64`).toBeLessThanOrEqual(
      2 ** -52 * terms * largestOf(values),
    );
    // Adam divides a gradient by its own size, so that one which should be 0 moves its weight as far as any other.
    if (name === 'weights' || name === 'average') continue;
    for (const [how, got] of Object.entries({ plain, fused }))
      expect(distance(got.values[name], values), `${how} ${name}`).toBeLessThanOrEqual(
        2 ** -23 * terms * largestOf(values),
      );
  }
  expect(exact['counters']).toEqual(Float64Array.of(1, 1, 8, 0, 0, 0, 0));
  session.destroy();
  data.destroy();
});
