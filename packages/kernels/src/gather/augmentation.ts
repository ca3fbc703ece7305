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
  /** Pixels by which the points of a grid over the image move, along rows and columns, in both directions. */
  readonly elastic?: readonly [rows: number, columns: number] | undefined;
  /** Pixels by which strokes grow or shrink at each of their edges, at most. */
  readonly stroke?: number | undefined;
  /** Bounds of the factor of a pixel's distance from the image's mean. */
  readonly contrast?: readonly [number, number] | undefined;
  /** Standard deviation of what is added to each pixel. */
  readonly noise?: number | undefined;
  readonly erasing?: Erasing | undefined;
}

/** A rectangle of an image that is replaced by `cval`. */
export interface Erasing {
  /** Of an image to have one. */
  readonly probability: number;
  /** Least and most pixels of its height, and of its width. */
  readonly heights: readonly [number, number];
  readonly widths: readonly [number, number];
}

export interface AugmentParams extends GatherParams {
  /** (height, width, channels); `rowLength` is their product. */
  readonly shape: readonly [number, number, number];
  readonly augmentation: Augmentation;
  /** Whether all images of the batch are changed in the same way: by what the first one draws. */
  readonly alike?: boolean;
}
