/**
 * What each type of layer is in jax-js's functions, for the models of `pnpm bench:peers`. Images are NCHW, as jax-js
 * expects them. Dropout and moving averages are left out, to its advantage; so is the last softmax, which belongs to
 * the loss.
 */
import { lax, nn, numpy as np } from '@jax-js/jax';
import type { LayerDescription } from '../../packages/nn/dist/index.js';

export type Weights = { [name: string]: np.Array };

/** Takes its inputs and weights over, as jax-js counts references. */
type Layer = (options: LayerDescription, inputs: np.Array[], weight: (name: string) => np.Array) => np.Array;

const pair = (value: unknown, otherwise = 1): [number, number] => {
  const given = (value ?? otherwise) as number | [number, number];
  return typeof given === 'number' ? [given, given] : given;
};

const rectified = (x: np.Array, activation: unknown): np.Array => {
  if (activation === 'relu') return nn.relu(x);
  if (activation === undefined || activation === 'linear' || activation === 'softmax') return x;
  throw new Error(`the comparison with jax-js has no activation ${String(activation)}`);
};

/**
 * Each channel by itself, as a sum over the taps of shifted images, which one kernel computes. jax-js has grouped
 * convolutions (`featureGroupCount`), but with them a step of MobileNetV2 takes twice as long.
 */
function depthwise(options: LayerDescription, x: np.Array, kernel: np.Array): np.Array {
  const [n = 0, c = 0, ...sides] = x.shape;
  const [kernels, strides] = [pair(options['kernelSize']), pair(options['strides'])];
  const axes = [0, 1].map((axis) => {
    const [size, window, stride] = [sides[axis], kernels[axis], strides[axis]] as [number, number, number];
    const isSame = options['padding'] === 'same';
    const out = isSame ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
    const before = isSame ? Math.floor(Math.max((out - 1) * stride + window - size, 0) / 2) : 0;
    // Every stride-th row is a slice of the image whose rows are cut into so many phases.
    const whole = stride * Math.max(out + Math.ceil(window / stride), Math.ceil((before + size) / stride));
    return { window, stride, out, before, after: whole - before - size, phases: whole / stride };
  });
  const [rows, columns] = axes as [(typeof axes)[0], (typeof axes)[0]];
  const phases = np
    .pad(x, [
      [0, 0],
      [0, 0],
      [rows.before, rows.after],
      [columns.before, columns.after],
    ])
    .reshape([n, c, rows.phases, rows.stride, columns.phases, columns.stride]);
  const slice = (tap: number, { stride, out }: typeof rows): [[number, number], number] => {
    const first = Math.floor(tap / stride);
    return [[first, first + out], tap % stride];
  };
  let sum: np.Array | undefined;
  for (let ky = 0; ky < rows.window; ky++)
    for (let kx = 0; kx < columns.window; kx++) {
      const factor = kernel.ref.slice([], 0, ky, kx).reshape([1, c, 1, 1]);
      const term = phases.ref.slice([], [], ...slice(ky, rows), ...slice(kx, columns)).mul(factor);
      sum = sum ? sum.add(term) : term;
    }
  phases.dispose();
  kernel.dispose();
  return sum as np.Array;
}

function convolved(options: LayerDescription, x: np.Array, weight: (name: string) => np.Array): np.Array {
  const padding = options['padding'] === 'same' ? 'SAME' : 'VALID';
  const isDepthwise = options.type === 'DepthwiseConv2D';
  const y = isDepthwise
    ? depthwise(options, x, weight('kernel'))
    : lax.conv(x, weight('kernel'), pair(options['strides']), padding);
  return rectified(options['useBias'] === false ? y : y.add(weight('bias')), options['activation']);
}

/** The largest of each window, where windows lie side by side; odd last rows and columns are left out. */
function pooled({ poolSize, strides }: LayerDescription, x: np.Array): np.Array {
  const [rows, columns] = pair(poolSize, 2);
  if (String(pair(strides ?? poolSize, 2)) !== String([rows, columns])) throw new Error('pooling windows overlap');
  const [n = 0, c = 0, h = 0, w = 0] = x.shape;
  const [down, across] = [Math.floor(h / rows), Math.floor(w / columns)];
  const whole = h % rows === 0 && w % columns === 0 ? x : x.slice([], [], [0, down * rows], [0, across * columns]);
  return np.max(whole.reshape([n, c, down, rows, across, columns]), [3, 5]);
}

function normalized({ epsilon = 1e-3 }: LayerDescription, x: np.Array, weight: (name: string) => np.Array): np.Array {
  const mean = np.mean(x.ref, [0, 2, 3], { keepdims: true });
  const centered = x.sub(mean);
  const variance = np.mean(np.square(centered.ref), [0, 2, 3], { keepdims: true });
  return centered
    .div(np.sqrt(variance.add(epsilon as number)))
    .mul(weight('gamma'))
    .add(weight('beta'));
}

const LAYERS: Readonly<Record<string, Layer>> = {
  Conv2D: (options, [x], weight) => convolved(options, x as np.Array, weight),
  DepthwiseConv2D: (options, [x], weight) => convolved(options, x as np.Array, weight),
  BatchNormalization: (options, [x], weight) => normalized(options, x as np.Array, weight),
  ReLU: ({ maxValue }, [x]) =>
    maxValue === undefined ? nn.relu(x as np.Array) : np.clip(x as np.Array, 0, maxValue as number),
  MaxPooling2D: (options, [x]) => pooled(options, x as np.Array),
  GlobalAveragePooling2D: (_, [x]) => np.mean(x as np.Array, [2, 3]),
  ZeroPadding2D: ({ padding }, [x]) => {
    const [rows, columns] = padding as [[number, number], [number, number]];
    return np.pad(x as np.Array, [[0, 0], [0, 0], rows, columns]);
  },
  Add: (_, inputs) => inputs.reduce((sum, x) => sum.add(x)),
  Dropout: (_, [x]) => x as np.Array,
  Flatten: (_, [x]) => (x as np.Array).reshape([(x as np.Array).shape[0] as number, -1]),
  Dense: (options, [x], weight) =>
    rectified(np.matmul(x as np.Array, weight('kernel')).add(weight('bias')), options['activation']),
};

/** @throws Error if there is no such layer here */
export function layer(options: LayerDescription, inputs: np.Array[], weight: (name: string) => np.Array): np.Array {
  const apply = LAYERS[String(options.type)];
  if (!apply) throw new Error(`the comparison with jax-js has no layer ${options.type}`);
  return apply(options, inputs, weight);
}
