/**
 * If these failed, `anke verify` would call a right device wrong where a golden run stands on an edge, or a wrong one
 * right. The machines here are the references in float64: one takes decisions the other way, as rounding may, others
 * compute something wrongly.
 */
import { openAdapter } from '@anke/dawn';
import { conv2dForward, conv2dParams, type Executor, Gpu, type Kernel, type Storage } from '@anke/kernels';
import { graphFromLayers, initialValues, type TensorEntry } from '@anke/nn';
import { Random } from '@anke/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Edge, EdgeExecutor } from './edges.js';
import type { GoldenRun } from './golden-run.js';
import { completed } from './make.js';
import { type GoldenStart, type Machine, referenceMachine } from './track.js';
import { verifyGolden } from './verify.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open((await openAdapter(console.log)).adapter);
});
afterAll(() => gpu.destroy());

const [BATCH, STEPS, SIDE, FILTERS] = [3, 2, 6, 4];
const PARAMS = conv2dParams({
  batch: 1,
  height: SIDE,
  width: SIDE,
  inChannels: 1,
  outChannels: FILTERS,
  kernel: [3, 3],
});
/** The element of the first batch that stands on an edge: its image, and its index in the convolution's output. */
const [IMAGE, CHANNEL, PIXEL] = [1, 2, 5];

/** A run in whose first step a rectifier's input is zero, or two elements of a window are equal, but for a rounding. */
function onAnEdge(kind: Edge['kind']): GoldenStart {
  const graph = graphFromLayers(
    [
      { type: 'Conv2D', name: 'conv', filters: FILTERS, kernelSize: [3, 3], activation: 'relu' },
      { type: 'MaxPooling2D', poolSize: [2, 2] },
      { type: 'Flatten' },
      { type: 'Dense', name: 'dense', units: 3 },
    ],
    { inputShape: [SIDE, SIDE, 1], seed: 1 },
  );
  const random = new Random(5, 'images');
  const pixels = Uint8Array.from({ length: BATCH * STEPS * SIDE * SIDE }, () => random.integer(256));
  const tensors = new Map<string, TensorEntry>([
    ['images', { type: 'U8', shape: [BATCH * STEPS, SIDE, SIDE, 1], values: pixels }],
    ['labels', { type: 'I32', shape: [BATCH * STEPS], values: Int32Array.of(0, 1, 2, 2, 0, 1) }],
  ]);
  for (const layer of graph.layers)
    for (const { name, shape, initializer } of layer.weights) {
      const values = initialValues(initializer, shape, 3, `${layer.name}/${name}`);
      tensors.set(`init/${layer.name}.${name}`, { type: 'F32', shape, values });
    }
  const image = Float64Array.from(
    pixels.subarray(IMAGE * SIDE * SIDE, (IMAGE + 1) * SIDE * SIDE),
    (byte) => byte / 255,
  );
  const kernel = tensors.get('init/conv.kernel')?.values as Float32Array;
  const bias = tensors.get('init/conv.bias')?.values as Float32Array;
  const channelOf = (): number[] => {
    const none = new Float64Array();
    const inputs = { x: image, w: Float64Array.from(kernel), bias: Float64Array.from(bias), counters: none, y: none };
    const { y } = conv2dForward.reference({ ...PARAMS, epilogue: { bias: true } }, inputs);
    return Array.from({ length: 16 }, (_, pixel) => y?.[pixel * FILTERS + CHANNEL] as number);
  };
  if (kind === 'relu') bias[CHANNEL] = -(channelOf()[PIXEL] as number);
  else {
    // One weight makes the two largest elements of the first window equal; all of the channel is above zero.
    bias[CHANNEL] = 3;
    const values = channelOf();
    const [first = 0, second = 0] = [0, 1, 4, 5].sort((i, j) => (values[j] as number) - (values[i] as number));
    const under = (pixel: number, tap: number): number =>
      image[(Math.floor(pixel / 4) + Math.floor(tap / 3)) * SIDE + (pixel % 4) + (tap % 3)] as number;
    const apart = Array.from({ length: 9 }, (_, tap) => under(first, tap) - under(second, tap));
    const tap = apart.reduce((best, one, i) => (Math.abs(one) > Math.abs(apart[best] as number) ? i : best), 0);
    const difference = (values[first] as number) - (values[second] as number);
    const weight = tap * FILTERS + CHANNEL;
    kernel[weight] = (kernel[weight] as number) - difference / (apart[tap] as number);
  }
  return { tensors, graph, batch: BATCH, steps: STEPS };
}

/** The references, which take some decisions of the first step the other way. */
function flipping(flips: readonly Edge[]): Machine {
  const executor = new EdgeExecutor(gpu, BATCH);
  const machine = referenceMachine(gpu, executor);
  const prepare: Machine['prepare'] = (step) => {
    let runs = 0;
    return machine.prepare((given) => {
      executor.begin(runs++ === 0 ? flips : []);
      return step(given);
    });
  };
  return { ...machine, prepare };
}

/** The references, of which one kernel's result is off by a thousandth. */
function wrong(kernelName: string, binding: string): Machine {
  const executor = new EdgeExecutor(gpu, BATCH);
  const dispatch: Executor['dispatch'] = (kernel, params, bindings) => {
    executor.dispatch(kernel as unknown as Kernel, params, bindings as Record<string, Storage>);
    if (kernel.name !== kernelName) return;
    const values = executor.values((bindings as Record<string, Storage>)[binding] as Storage);
    values.set(values.map((value) => value * 1.001));
  };
  const faulty = {
    gpu,
    dispatch,
    temporary: executor.temporary.bind(executor),
    values: executor.values.bind(executor),
  };
  return referenceMachine(gpu, faulty);
}

let golden: GoldenRun;
const place = { layer: 'conv', image: IMAGE, channel: CHANNEL, margin: 0, reach: 0 };
const relu: Edge = { ...place, kind: 'relu', at: 0, element: (IMAGE * 16 + PIXEL) * FILTERS + CHANNEL };
const pooling: Edge = { ...place, kind: 'pooling', at: 1, element: IMAGE * 4 * FILTERS + CHANNEL };

/** A whole run, with what float32 may lose where no decision changes: moved weights would meet the edge. */
async function runOnAnEdge(kind: Edge['kind']): Promise<GoldenRun> {
  const run = await completed(gpu, onAnEdge(kind), 1);
  const ofStep = ['losses', 'weights', 'logits'].flatMap((group) => [`adam ${group}`, `sgd ${group}`]);
  const groups = ['logits', 'gradients', 'averages', ...ofStep];
  return { ...run, float32: Object.fromEntries(groups.map((group) => [group, 1e-6])) };
}

beforeAll(async () => {
  golden = await runOnAnEdge('relu');
});

test('the references agree with their own run', async () => {
  const { failed, explained, flips } = await verifyGolden(gpu, flipping([]), golden);
  expect([failed, explained, flips]).toEqual([[], [], []]);
});

test.each([
  ['a rectifier', relu],
  ['a pooling', pooling],
])('%s that rounding decides is named, and is no failure', async (_, edge) => {
  const run = await runOnAnEdge(edge.kind);
  const { failed, explained, flips, wrong: steps } = await verifyGolden(gpu, flipping([edge]), run);
  expect([failed, steps]).toEqual([[], []]);
  expect(explained.map(({ group }) => group)).toContain('gradients');
  const { kind, layer, image, channel } = edge;
  const named = { optimizer: 'adam', step: 1, kind, layer, image, channel };
  expect(flips.filter(({ optimizer }) => optimizer === 'adam')).toMatchObject([named]);
  for (const { margin } of flips) expect(margin).toBeLessThan(1e-6);
});

test.each([
  ['the gradient of the kernel', 'conv2d/backward-weights', 'dW'],
  ['the gradient of the images', 'dense/backward-data', 'dX'],
  ['the forward pass', 'dense/forward', 'y'],
  ['the optimizer', 'optimizer/adam', 'm'],
])('a wrong kernel is a failure, though the run stands on an edge: %s', async (_, kernel, binding) => {
  const { failed, flips } = await verifyGolden(gpu, wrong(kernel, binding), golden);
  expect(failed.length).toBeGreaterThan(0);
  expect(flips).toEqual([]);
});

test('a decision far from its edge cannot be taken the other way by rounding', async () => {
  // All of an image's channel, of which some win their windows.
  const far = Array.from({ length: 16 }, (_, pixel) => ({ ...relu, element: pixel * FILTERS, margin: 1 }));
  const { failed } = await verifyGolden(gpu, flipping(far), golden);
  expect(failed.map(({ group }) => group)).toContain('gradients');
});
