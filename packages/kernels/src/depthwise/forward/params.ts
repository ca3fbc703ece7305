/** Options of a forward depthwise convolution, beside its sizes. */
import type { Epilogue } from '../../epilogue/epilogue.js';
import type { DepthwiseParams } from '../geometry.js';

export interface DepthwiseForwardParams extends DepthwiseParams {
  readonly epilogue: Epilogue;
}

/** WGSL of the sum that a channel starts from. */
export const start = ({ epilogue }: DepthwiseForwardParams): string => (epilogue.bias ? 'bias[co]' : '0.0');
