/** What can be changed at random in the images of a batch, as data. */
import type { GatherParams } from './gather.js';

export const FILL_MODES = ['constant', 'nearest', 'reflect', 'wrap'] as const;

/** How far images may be changed at random; every number is drawn evenly between its bounds. */
export interface Augmentation {
  /** Degrees, in both directions. */
  readonly rotation: number;
  /** Pixels, up or down: a number is a bound, a list holds the distances to choose from. */
  readonly heightShift: number | readonly number[];
  /** Pixels, left or right. */
  readonly widthShift: number | readonly number[];
  /** Degrees, in both directions. */
  readonly shear: number;
  /** Bounds of the two factors for rows and columns: below 1, the image grows. */
  readonly zoom: readonly [number, number];
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly brightness: readonly [number, number];
  readonly fillMode: (typeof FILL_MODES)[number];
  /** What lies beyond the edge with `constant`: a pixel's value, 0 … 255 where pixels are bytes. */
  readonly cval: number;
}

export interface AugmentParams extends GatherParams {
  /** (height, width, channels); `rowLength` is their product. */
  readonly shape: readonly [number, number, number];
  readonly augmentation: Augmentation;
}
