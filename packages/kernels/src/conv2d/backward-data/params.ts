/** Options of the gradient of a convolution's input, beside its sizes. */
import { type Mask, maskWgsl } from '../../epilogue/epilogue.js';
import type { Conv2dParams } from '../geometry.js';

export interface Conv2dBackwardDataParams extends Conv2dParams {
  /** If X is the output of a rectifier (and of a dropout behind it): the kernel computes the gradient through both. */
  readonly mask?: Mask;
}

/** WGSL of `finish(sum: f32, index: u32) -> f32`: what is written to dX[index]. Without a mask, x is not bound. */
export const finishWgsl = ({ mask }: Conv2dBackwardDataParams): string =>
  mask
    ? `${maskWgsl(mask, 'x')}
fn finish(sum: f32, index: u32) -> f32 { return masked(sum, f32(x[index])); }`
    : 'fn finish(sum: f32, index: u32) -> f32 { return sum; }';
