/** What the gradient of a depthwise convolution's input is asked for, beyond the sizes. */
import { type Mask, maskWgsl } from '../../epilogue/epilogue.js';
import type { DepthwiseParams } from '../geometry.js';

export interface DepthwiseBackwardDataParams extends DepthwiseParams {
  /**
   * What the gradient passes through besides, if X is the output of a rectifier (with a dropout behind it, perhaps).
   */
  readonly mask?: Mask;
}

/** WGSL of `finish(sum: f32, index: u32) -> f32`: what is written to dX[index]. Without a mask, x is not bound. */
export const finishWgsl = ({ mask }: DepthwiseBackwardDataParams): string => `${maskWgsl(mask, 'x')}
fn finish(sum: f32, index: u32) -> f32 { return masked(sum, ${mask ? 'f32(x[index])' : '0.0'}); }`;
