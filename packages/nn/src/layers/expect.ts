/** What layers expect of their inputs' shapes, and of numbers in their options. */
import { KernelError } from '@anke/kernels';
import { type Shape, sizeOf } from '../autograd/tensor.js';

/** What a layer expects and did not get. Whoever builds the graph adds the layer's name and what its inputs are. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

export type Pair = number | readonly [number, number];
export const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);
export const positiveInteger = (value: number): boolean => Number.isInteger(value) && value > 0;

/** @throws Mismatch unless there is just one input */
export function single(inputs: readonly Shape[]): Shape {
  const [input] = inputs;
  if (!input || inputs.length !== 1) throw new Mismatch('one input');
  return input;
}

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** @throws Mismatch unless there is just one input, of images */
export function image(inputs: readonly Shape[]): ImageShape {
  const input = single(inputs);
  const [height, width, channels] = input;
  if (height === undefined || width === undefined || channels === undefined || input.length !== 3)
    throw new Mismatch('images of shape (height, width, channels)');
  return { height, width, channels };
}

/** @throws Mismatch if a window does not fit into the images */
export function fitting<P>([height, width]: readonly [number, number], geometry: () => P): P {
  try {
    return geometry();
  } catch (error) {
    if (error instanceof KernelError) throw new Mismatch(`images of at least ${height} × ${width} pixels`);
    throw error;
  }
}

/** Shapes of one sample, and the number of samples, of tensors whose first axis is the batch. */
export function samplesOf(tensors: readonly { readonly shape: Shape }[]): { batch: number; shapes: readonly Shape[] } {
  return { batch: tensors[0]?.shape[0] ?? 0, shapes: tensors.map(({ shape }) => shape.slice(1)) };
}

/** Rows of the last axis. */
export function rowsOf({ shape }: { readonly shape: Shape }): { rows: number; channels: number } {
  const channels = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / channels, channels };
}
