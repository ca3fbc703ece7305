/** Options of the gradient of a depthwise convolution's input, beside its sizes. */
import { type Mask, maskWgsl } from '../../epilogue/epilogue.js';
import type { DepthwiseParams } from '../geometry.js';

export interface DepthwiseBackwardDataParams extends DepthwiseParams {
  /** If X is the output of a rectifier (and of a dropout behind it): the kernel computes the gradient through both. */
  readonly mask?: Mask;
}

/** WGSL of `finish(sum: f32, index: u32) -> f32`: what is written to dX[index]. Without a mask, x is not bound. */
export const finishWgsl = ({ mask }: DepthwiseBackwardDataParams): string => `${maskWgsl(mask, 'x')}
fn finish(sum: f32, index: u32) -> f32 { return masked(sum, ${mask ? 'f32(x[index])' : '0.0'}); }`;
