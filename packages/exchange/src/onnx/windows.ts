/** How windows go over images, in ONNX: where `same` pads, the odd pixel is at the end. */
import type { Conv2DOptions, Shape } from '@anke/nn';
import { ints } from './attributes.js';
import type { OnnxAttribute } from './format.js';

export interface WindowOptions {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Conv2DOptions['padding'] | undefined;
  /** Distance of the window's elements; 1 if absent. */
  readonly dilations?: readonly [number, number];
}

/** @param shape of the images, channels last */
export function windowAttributes(shape: Shape, options: WindowOptions): OnnxAttribute[] {
  const { size, strides, padding = 'valid', dilations = [1, 1] } = options;
  const totals = size.map((window, axis) => {
    const [pixels = 1, stride = 1, dilation = 1] = [shape[axis], strides[axis], dilations[axis]];
    const covered = (window - 1) * dilation + 1;
    const positions = Math.ceil(pixels / stride);
    return padding === 'same' ? Math.max((positions - 1) * stride + covered - pixels, 0) : 0;
  });
  const pads = [...totals.map((total) => Math.floor(total / 2)), ...totals.map((total) => Math.ceil(total / 2))];
  const dilated = dilations.some((dilation) => dilation > 1) ? [ints('dilations', dilations)] : [];
  return [ints('kernel_shape', size), ints('strides', strides), ints('pads', pads), ...dilated];
}
