/** Options of the gradients of a convolution's weights, beside its sizes. */
import type { WeightGradientOptions } from '../../window/join-weights.js';
import type { Conv2dParams } from '../geometry.js';

export interface Conv2dBackwardWeightsParams extends Conv2dParams, WeightGradientOptions {}

/**
 * Parameters of an algorithm that cuts the batch's output rows into parts and writes sums for each part.
 *
 * Its shader has the constant ROWS_PER_SPLIT, unless its sizes are passed with the dispatch. It calls
 * `writeWeight(index, sum)` for element `index` of (splits, kh, kw, in, out) and, if there is a bias,
 * `writeBias(index, sum)` for element `index` of (splits, out): see splits.ts.
 */
export interface SplitParams extends Conv2dBackwardWeightsParams {
  readonly splits: number;
}

/** Output rows of a split. */
export const rowsPerSplit = (p: SplitParams): number => Math.ceil((p.batch * p.outHeight) / p.splits);

/** WGSL that only a convolution with a bias needs. */
export const forBias = ({ bias }: Conv2dBackwardWeightsParams, text: string): string => (bias ? text : '');
