/** Options of a forward convolution, beside its sizes. */
import type { Epilogue } from '../../epilogue/epilogue.js';
import type { Conv2dParams } from '../geometry.js';

export interface Conv2dForwardParams extends Conv2dParams {
  readonly epilogue: Epilogue;
}

/** WGSL of a sum with the bias of its channel, if there is one. */
export const biased = ({ epilogue }: Conv2dForwardParams, sum: string, bias: string): string =>
  epilogue.bias ? `${sum} + ${bias}` : sum;
