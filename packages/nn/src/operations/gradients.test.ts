/**
 * If these failed, training would follow a gradient that is not that of the forward pass. Every operation has rows in
 * one table: its gradients, as the tape computes them by the kernels' float64 references, against finite differences of
 * its forward pass alone.
 *
 * The loss is the cross-entropy of the operation's output, taken as one row of logits: so all gradients that come back
 * to the operation differ from zero and from each other. All inputs are at least 0.01 from every kink.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Activation, conv2dParams, depthwiseParams, type Gpu, poolParams, ReferenceExecutor } from '@anke/kernels';
import { describe, expect, test } from 'vitest';
import { Tape } from '../autograd/tape.js';
import { type Shape, sizeOf, Tensor } from '../autograd/tensor.js';
import { memoryOf } from '../testing/reference-model.js';
import { activate } from './activate.js';
import { add } from './add.js';
import { affine } from './affine.js';
import { averagePool } from './average-pool.js';
import { batchNormInference, batchNormTraining } from './batch-norm.js';
import { binaryCrossEntropy } from './binary-cross-entropy.js';
import { concatenate } from './concatenate.js';
import { conv2d } from './conv2d.js';
import { crossEntropy } from './cross-entropy.js';
import { dense } from './dense.js';
import { depthwiseConv2d } from './depthwise-conv2d.js';
import { dividedDense } from './divided-dense.js';
import { dropout } from './dropout.js';
import { gaussianNoise } from './gaussian-noise.js';
import { layerNorm } from './layer-norm.js';
import { maxPool } from './max-pool.js';
import { multiply } from './multiply.js';
import { pad } from './pad.js';
import { penalties } from './penalties.js';
import { relu } from './relu.js';
import { repeatChannel } from './repeat-channel.js';
import { resize } from './resize.js';
import { reverseChannels } from './reverse-channels.js';
import { softCrossEntropy } from './soft-cross-entropy.js';
import { softmax } from './softmax.js';
import { spatialDropout } from './spatial-dropout.js';
import { squaredError } from './squared-error.js';

/** Inputs of a row, by name. */
type Inputs<N extends string> = Readonly<Record<N, Tensor>>;

/** What the loss is computed with, besides the inputs. */
interface Bench {
  readonly tape: Tape;
  /** A tensor that has no gradient. */
  constant(shape: Shape, values: readonly number[], type?: 'f32' | 'u32'): Tensor;
  /** The cross-entropy of a tensor's elements, as one row of logits. */
  loss(y: Tensor): Tensor;
}

interface Row {
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly loss: (bench: Bench, inputs: Readonly<Record<string, Tensor>>) => Tensor;
}

/** A row whose names of inputs the compiler knows. */
const row = <N extends string>(
  inputs: Readonly<Record<N, Shape>>,
  loss: (bench: Bench, inputs: Inputs<N>) => Tensor,
): Row => ({ inputs, loss: loss as Row['loss'] });

/** A row of an operation with one input x. */
const unary = (shape: Shape, y: (bench: Bench, x: Tensor) => Tensor): Row =>
  row({ x: shape }, (bench, { x }) => bench.loss(y(bench, x)));

const convolution = conv2dParams({
  ...{ batch: 2, height: 4, width: 3, inChannels: 2, outChannels: 3, kernel: [3, 2] },
  ...{ stride: [2, 1], padding: 'same' },
});
const dilated = conv2dParams({
  ...{ batch: 1, height: 5, width: 6, inChannels: 4, outChannels: 2, kernel: [3, 2], groups: 2 },
  ...{ dilation: [2, 3], padding: 'same' },
});
const dilatedDepthwise = depthwiseParams({
  ...{ batch: 1, height: 5, width: 6, channels: 2, kernel: [2, 3], dilation: [3, 2], padding: 'same' },
});
const depthwise = depthwiseParams({
  ...{ batch: 1, height: 5, width: 4, channels: 2, multiplier: 2, kernel: [2, 3] },
  ...{ stride: [1, 2], padding: 'same' },
});
const window = poolParams({
  ...{ batch: 2, height: 4, width: 5, channels: 2, pool: [3, 2] },
  ...{ stride: [2, 1], padding: 'same' },
});
const image = [2, 4, 5, 2] as const;
const resized = { batch: 1, height: 3, width: 4, channels: 2, outHeight: 5, outWidth: 3 };
const batchNorm = { epsilon: 1e-3, momentum: 0.9 };

const itself = (tape: Tape, x: Tensor): Tensor => tape.apply(affine, { x }, { factor: 1, offset: 0 });

const averages = (bench: Bench) => ({
  movingMean: bench.constant([3], [0.25, -0.5, 0]),
  movingVariance: bench.constant([3], [0.5, 2, 1.25]),
});

const batchNormRow = (operation: typeof batchNormTraining): Row =>
  row({ x: [5, 3], gamma: [3], beta: [3] }, (bench, inputs) =>
    bench.loss(bench.tape.apply(operation, { ...inputs, ...averages(bench) }, batchNorm)),
  );

/** Without γ, without β, without both. */
const partialBatchNormRows = (operation: typeof batchNormTraining): readonly Row[] => [
  row({ x: [5, 3], beta: [3] }, (bench, inputs) =>
    bench.loss(bench.tape.apply(operation, { ...inputs, ...averages(bench) }, batchNorm)),
  ),
  row({ x: [5, 3], gamma: [3] }, (bench, inputs) =>
    bench.loss(bench.tape.apply(operation, { ...inputs, ...averages(bench) }, batchNorm)),
  ),
  row({ x: [5, 3] }, (bench, inputs) =>
    bench.loss(bench.tape.apply(operation, { ...inputs, ...averages(bench) }, batchNorm)),
  ),
];

const ACTIVATIONS: readonly Activation[] = [
  { type: 'elu', alpha: 0.7 },
  ...(['gelu', 'geluTanh', 'sigmoid', 'silu', 'softplus', 'tanh'] as const).map((type) => ({ type })),
];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  activate: ACTIVATIONS.map((activation) => unary([6, 5], ({ tape }, x) => tape.apply(activate, { x }, activation))),
  add: [
    row({ a: [2, 3], b: [2, 3] }, ({ tape, loss }, { a, b }) =>
      // Its gradients are its output's: the inputs are no weights, into whose own memory they would have to be written.
      loss(tape.apply(add, { a: itself(tape, a), b: itself(tape, b) }, {})),
    ),
  ],
  affine: [unary([2, 3], ({ tape }, x) => tape.apply(affine, { x }, { factor: -1.5, offset: 0.25 }))],
  averagePool: [unary(image, ({ tape }, x) => tape.apply(averagePool, { x }, window))],
  batchNormTraining: [batchNormRow(batchNormTraining), ...partialBatchNormRows(batchNormTraining)],
  batchNormInference: [batchNormRow(batchNormInference), ...partialBatchNormRows(batchNormInference)],
  concatenate: [row({ a: [3, 2], b: [3, 1] }, ({ tape, loss }, inputs) => loss(tape.apply(concatenate, inputs, {})))],
  conv2d: [
    row({ x: [2, 4, 3, 2], w: [3, 2, 2, 3], bias: [3] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(conv2d, inputs, convolution)),
    ),
    row({ x: [2, 4, 3, 2], w: [3, 2, 2, 3] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(conv2d, inputs, convolution)),
    ),
    row({ x: [1, 5, 6, 4], w: [3, 2, 2, 2], bias: [2] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(conv2d, inputs, dilated)),
    ),
  ],
  binaryCrossEntropy: [{}, { smoothing: 0.2 }].map((smoothing) =>
    row({ logits: [2, 3] }, ({ tape, constant }, { logits }) => {
      const targets = constant([2, 3], [0, 1, 0.25, 1, 1, 0]);
      return tape.apply(binaryCrossEntropy, { logits, targets, weights: constant([2], [0.5, 3]) }, smoothing);
    }),
  ),
  crossEntropy: [
    row({ logits: [3, 4] }, ({ tape, constant }, { logits }) =>
      tape.apply(crossEntropy, { logits, labels: constant([3], [3, 0, 1], 'u32') }, {}),
    ),
    row({ logits: [3, 4] }, ({ tape, constant }, { logits }) => {
      const weights = constant([3], [0.5, 2, 1]);
      return tape.apply(crossEntropy, { logits, labels: constant([3], [3, 0, 1], 'u32'), weights }, { smoothing: 0.3 });
    }),
  ],
  dense: [
    row({ x: [3, 4], w: [4, 2], bias: [2] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(dense, inputs, { batch: 3, inFeatures: 4, outFeatures: 2 })),
    ),
  ],
  depthwiseConv2d: [
    row({ x: [1, 5, 4, 2], w: [2, 3, 2, 2], bias: [4] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(depthwiseConv2d, inputs, depthwise)),
    ),
    row({ x: [1, 5, 6, 2], w: [2, 3, 2, 1] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(depthwiseConv2d, inputs, dilatedDepthwise)),
    ),
  ],
  dividedDense: [2, 4].map((rows) =>
    row({ x: [3, 5], w: [5, 2], bias: [2] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(dividedDense, inputs, { batch: 3, inFeatures: 5, outFeatures: 2, rows })),
    ),
  ),
  dropout: [
    unary([4, 5], ({ tape, constant }, x) => {
      const counters = constant([3], [7, 0, 99], 'u32').storage;
      return tape.apply(dropout, { x }, { rate: 0.4, layer: 2, counters });
    }),
  ],
  gaussianNoise: [
    unary([4, 5], ({ tape, constant }, x) => {
      const counters = constant([3], [7, 0, 99], 'u32').storage;
      return tape.apply(gaussianNoise, { x: itself(tape, x) }, { stddev: 0.5, layer: 2, counters });
    }),
  ],
  layerNorm: [
    row({ x: [3, 5], gamma: [5], beta: [5] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(layerNorm, inputs, { epsilon: 1e-3 })),
    ),
    row({ x: [2, 3, 4], gamma: [4] }, ({ tape, loss }, inputs) =>
      loss(tape.apply(layerNorm, inputs, { epsilon: 0.1 })),
    ),
    row({ x: [2, 6], beta: [6] }, ({ tape, loss }, inputs) => loss(tape.apply(layerNorm, inputs, { epsilon: 0.1 }))),
    unary([2, 4], ({ tape }, x) => tape.apply(layerNorm, { x }, { epsilon: 0.1 })),
  ],
  maxPool: [unary(image, ({ tape }, x) => tape.apply(maxPool, { x }, window))],
  multiply: (
    [
      [[2, 3], [2, 3], { outer: 1, length: 1, inner: 6 }],
      [[2, 2, 3, 2], [2, 1, 1, 2], { outer: 2, length: 6, inner: 2 }],
      [[2, 3, 4], [2, 3, 1], { outer: 6, length: 4, inner: 1 }],
    ] as const
  ).map(([a, b, params]) => row({ a, b }, ({ tape, loss }, inputs) => loss(tape.apply(multiply, inputs, params)))),
  pad: [
    unary([2, 2, 3, 1], ({ tape }, x) =>
      tape.apply(pad, { x }, { batch: 2, height: 2, width: 3, channels: 1, top: 1, bottom: 2, left: 0, right: 1 }),
    ),
  ],
  penalties: [{ l2: 0.3 }, { l1: 0.2 }, { l1: 0.1, l2: 0.3 }].map((w) =>
    row({ logits: [1, 4], w: [2, 3] }, ({ tape, loss }, { logits, w: weights }) => {
      const attributes = { weights: weights.storage, factors: { w } };
      return tape.apply(penalties(['w']), { mean: loss(logits), w: weights }, attributes);
    }),
  ),
  relu: [{ slope: 0 }, { slope: 0, cap: 1.234 }, { slope: 0.1 }].map((rectifier) =>
    unary([6, 5], ({ tape }, x) => tape.apply(relu, { x }, rectifier)),
  ),
  repeatChannel: [unary([2, 3, 1], ({ tape }, x) => tape.apply(repeatChannel, { x }, { times: 3 }))],
  reverseChannels: [
    unary([2, 2, 1, 3], ({ tape }, x) => tape.apply(reverseChannels, { x }, { factor: 0.7, offsets: [0.1, 0.2, 0.3] })),
  ],
  resize: (['bilinear', 'nearest'] as const).map((interpolation) =>
    unary([1, 3, 4, 2], ({ tape }, x) => tape.apply(resize, { x }, { params: resized, interpolation })),
  ),
  softCrossEntropy: [{}, { smoothing: 0.3 }].map((smoothing) =>
    row({ logits: [2, 3] }, ({ tape, constant }, { logits }) => {
      const targets = constant([2, 3], [0, 1, 0, 0.5, 0.25, 0.125]);
      return tape.apply(softCrossEntropy, { logits, targets, weights: constant([2], [2, 0.75]) }, smoothing);
    }),
  ),
  softmax: [unary([3, 4], ({ tape }, x) => tape.apply(softmax, { x }, {}))],
  spatialDropout: [
    unary([3, 2, 2, 4], ({ tape, constant }, x) => {
      const counters = constant([3], [7, 0, 99], 'u32').storage;
      return tape.apply(spatialDropout, { x }, { rate: 0.4, layer: 2, counters });
    }),
  ],
  squaredError: [
    row({ outputs: [2, 3] }, ({ tape, constant }, { outputs }) =>
      tape.apply(squaredError, { outputs, targets: constant([2, 3], [0, 1, -2, 3, 1, 0.5]) }, {}),
    ),
    row({ outputs: [2, 2, 2] }, ({ tape, constant }, { outputs }) => {
      const targets = constant([2, 4], [0, 1, -2, 3, 1, 0.5, 0, 7]);
      return tape.apply(squaredError, { outputs, targets, weights: constant([2], [0.5, 3]) }, {});
    }),
  ],
};

/** Numbers between −2 and 2 in mixed order, 0.04 apart. */
const spread = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => (((i * 37 + seed * 29) % 101) - 50) / 25 + 0.013);

/** Stands for a device, which the reference executor leaves alone. */
const NO_DEVICE = { maxBinding: Number.POSITIVE_INFINITY } as Gpu;

/** The loss at a point, and the gradient there as the tape has it, by input. */
function evaluate({ inputs: shapes, loss: lossOf }: Row, at: Readonly<Record<string, Float64Array>>) {
  const executor = new ReferenceExecutor(NO_DEVICE);
  const tape = new Tape(executor);
  const gradients: Record<string, Float64Array> = {};
  const inputs: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const [values, gradient] = [memoryOf(name, sizeOf(shape)), memoryOf(`d${name}`, sizeOf(shape))];
    executor.values(values).set(at[name] as Float64Array);
    gradients[name] = executor.values(gradient);
    inputs[name] = new Tensor(shape, values, gradient);
  }
  const constant: Bench['constant'] = (shape, numbers, type = 'f32') => {
    const storage = memoryOf('constant', sizeOf(shape), type);
    executor.values(storage).set(numbers);
    return new Tensor(shape, storage);
  };
  const loss = lossOf(
    {
      tape,
      constant,
      loss: (y) => {
        const logits = tape.reshape(y, [1, sizeOf(y.shape)]);
        return tape.apply(crossEntropy, { logits, labels: constant([1], [1], 'u32') }, {});
      },
    },
    inputs,
  );
  tape.backward(loss);
  return { loss: executor.values(loss.storage)[0] as number, gradients };
}

const H = 1e-3;

/**
 * A derivative by the five-point formula, and how far it may be off: h⁴ · f⁽⁵⁾ / 30, which is a fifteenth of what the
 * formula changes by with 2h; and the rounding of some hundred float64 sums in f, divided by h.
 */
function derivative(f: (by: number) => number): { readonly value: number; readonly error: number } {
  const fivePoints = (h: number): number => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
  const value = fivePoints(H);
  return { value, error: Math.abs(fivePoints(2 * H) - value) + (100 * 2 ** -52 * Math.abs(f(0))) / H };
}

describe.each(Object.entries(ROWS))('the gradient of %s', (_, rows) => {
  test.each(rows.flatMap((one, i) => Object.keys(one.inputs).map((input) => [i + 1, input, one] as const)))(
    'row %i, %s',
    (_index, input, one) => {
      const at = Object.fromEntries(
        Object.entries(one.inputs).map(([name, shape], seed) => [name, spread(sizeOf(shape), seed)]),
      );
      const got = evaluate(one, at).gradients[input] as Float64Array;
      got.forEach((gradient, i) => {
        const { value, error } = derivative((by) => {
          const moved = (at[input] as Float64Array).slice();
          moved[i] = (moved[i] as number) + by;
          return evaluate(one, { ...at, [input]: moved }).loss;
        });
        expect(error, 'a kink lies near').toBeLessThan(1e-8);
        expect(
          Math.abs(gradient - value),
          `element ${i}: ${gradient} by the tape, ${value} by differences`,
        ).toBeLessThanOrEqual(error);
      });
      expect(got.some((gradient) => gradient !== 0)).toBe(true);
    },
  );
});

test('every operation has a row', () => {
  const files = readdirSync(import.meta.dirname).filter(
    (file) => !/\.test\.ts$|^(product|mean-over-rows)\.ts$/.test(file),
  );
  const names = files.flatMap((file) => {
    const found = [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/^ +name: '(\w+)',$/gm)];
    expect(found.length, `operations of ${file}`).toBeGreaterThan(0);
    return found.map(([, name]) => name);
  });
  expect(Object.keys(ROWS).sort()).toEqual(names.sort());
});
