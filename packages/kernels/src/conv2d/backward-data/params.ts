/** Options of the gradient of a convolution's input, beside its sizes. */
import { type Mask, maskWgsl } from '../../epilogue/epilogue.js';
import type { Conv2dParams } from '../geometry.js';

export interface Conv2dBackwardDataParams extends Conv2dParams {
  /** If X is the output of a rectifier (and of a dropout behind it): the kernel computes the gradient through both. */
  readonly mask?: Mask;
  /** Whether there is another gradient of X, which is added before the mask. */
  readonly addend?: true;
}

/** Whether a sum is not written as it is. */
export const isFinished = ({ mask, addend }: Conv2dBackwardDataParams): boolean =>
  mask !== undefined || addend === true;

/**
 * WGSL of `finish(sum: f32, index: u32) -> f32`: what is written to dX[index]. Without a mask, x is not bound, and
 * without an addend, that is not.
 */
export function finishWgsl({ mask, addend }: Conv2dBackwardDataParams): string {
  const gradient = addend ? 'sum + addend[index]' : 'sum';
  return mask
    ? `${maskWgsl(mask, 'x')}
fn finish(sum: f32, index: u32) -> f32 { return masked(${gradient}, f32(x[index])); }`
    : `fn finish(sum: f32, index: u32) -> f32 { return ${gradient}; }`;
}
