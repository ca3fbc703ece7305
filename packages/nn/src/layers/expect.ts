/** What layers expect of their inputs' shapes, and of numbers in their options. */
import { KernelError } from '@anke/kernels';
import type { Shape, Tensor } from '../autograd/tensor.js';

/** What a layer expects and did not get. The code that builds the graph adds the layer's name and its inputs. */
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

/** The tensor of a layer with one input, as {@link single} has checked. */
export function first(tensors: readonly Tensor[]): Tensor {
  return tensors[0] as Tensor;
}

/** A tensor of a batch of images. */
export function batchOf({ shape }: Tensor): ImageShape & { readonly batch: number } {
  const [batch, height, width, channels] = shape as readonly [number, number, number, number];
  return { batch, height, width, channels };
}
