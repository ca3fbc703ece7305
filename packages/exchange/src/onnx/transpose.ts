/** Axes in another order: ONNX has channels first, where Keras and this project have them last. */
import type { WeightValues } from '@anke/nn';

/** Of kernels: from (height, width, in, out) to (out, in, height, width), and back. */
export const TO_OIHW = [3, 2, 0, 1];
export const FROM_OIHW = [2, 3, 1, 0];
/** Of images: from and to channels last. */
export const TO_NCHW = [0, 3, 1, 2];
export const TO_NHWC = [0, 2, 3, 1];

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
