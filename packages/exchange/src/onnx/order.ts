/** Axes in another order: ONNX has channels first, where Keras and this project have them last. */
import type { Shape, WeightValues } from '@anke/nn';

/** Where the channels of a batch are: behind the samples, or at the end. */
export type Order = 'channelsFirst' | 'channelsLast';

/** The axes that bring a batch into an order, for samples of so many axes. */
export function permutation(order: Order, rank: number): readonly number[] {
  const others = Array.from({ length: rank - 1 }, (_, i) => i + 1);
  return order === 'channelsFirst' ? [0, rank, ...others] : [0, ...others.map((axis) => axis + 1), 1];
}

/** How ONNX has a layer's kernel. */
export interface KernelLayout {
  /** Its shape there. */
  shape(shape: Shape): Shape;
  toOnnx(kernel: WeightValues): WeightValues;
  /** @param shape the one that the kernel has here */
  fromOnnx(kernel: WeightValues, shape: Shape): WeightValues;
}

const OUTWARD = [3, 2, 0, 1];
const BACK = [2, 3, 1, 0];

/** (height, width, in, out) is (out, in, height, width). */
export const CONVOLUTION: KernelLayout = {
  shape: (shape) => OUTWARD.map((axis) => shape[axis] as number),
  toOnnx: (kernel) => transposed(kernel, OUTWARD),
  fromOnnx: (kernel) => transposed(kernel, BACK),
};

const GROUPS = [2, 3, 0, 1];

/** (height, width, channels, multiplier) is a convolution in groups: (channels · multiplier, 1, height, width). */
export const DEPTHWISE: KernelLayout = {
  shape: ([height = 1, width = 1, channels = 1, multiplier = 1]) => [channels * multiplier, 1, height, width],
  toOnnx: (kernel) => ({ shape: DEPTHWISE.shape(kernel.shape), values: transposed(kernel, GROUPS).values }),
  fromOnnx: ({ values }, shape) =>
    // The same axes lead there and back.
    transposed({ shape: GROUPS.map((axis) => shape[axis] as number), values }, GROUPS),
};

/** As it is here. */
export const UNCHANGED: KernelLayout = {
  shape: (shape) => shape,
  toOnnx: (kernel) => kernel,
  fromOnnx: (kernel) => kernel,
};

/** The elements with their axes in another order: axis i of the result is axis order[i] of the input. */
export function transposed({ shape, values }: WeightValues, order: readonly number[]): WeightValues {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const target = order.map((axis) => shape[axis] as number);
  const result = new Float32Array(values.length);
  const index = target.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    const from = order.reduce((sum, axis, k) => sum + (index[k] as number) * (strides[axis] as number), 0);
    result[i] = values[from] as number;
    for (let k = target.length - 1; k >= 0; k--) {
      index[k] = (index[k] as number) + 1;
      if ((index[k] as number) < (target[k] as number)) break;
      index[k] = 0;
    }
  }
  return { shape: target, values: result };
}
