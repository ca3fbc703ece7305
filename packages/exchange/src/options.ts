/** What the options of layers mean, where they can be given in several forms. */
import type { Conv2DOptions, ZeroPadding2DOptions } from '@anke/nn';

type Pair = Conv2DOptions['kernelSize'];

/** For height and width. */
export const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);

/** Rows and columns of zeros: [[top, bottom], [left, right]]. */
export function paddedSides({ padding = 1 }: ZeroPadding2DOptions): readonly (readonly [number, number])[] {
  const axes = typeof padding === 'number' ? [padding, padding] : padding;
  return axes.map((sides) => (typeof sides === 'number' ? [sides, sides] : sides));
}
