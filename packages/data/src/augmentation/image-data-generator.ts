/**
 * The parameters of Keras's ImageDataGenerator, with its meanings and defaults
 * (keras/src/legacy/preprocessing/image.py), and behind them what it does not have. The device changes the images; this
 * file only computes the numbers that say how.
 */
import type { ImageDataset, ImageShape } from '../dataset.js';
import { ParameterError } from '../errors.js';
import { type Split, type SplitOptions, splitForValidation } from '../split.js';

export const FILL_MODES = ['nearest', 'constant', 'reflect', 'wrap'] as const;
export type FillMode = (typeof FILL_MODES)[number];

export interface ImageDataGeneratorOptions {
  /** Each byte is multiplied by this, after everything else; if absent, the images stay scaled as they are. */
  readonly rescale?: number;
  /** The share of the rows that is held out for validation. */
  readonly validationSplit?: number;
  /** Degrees: images turn by −range … range. */
  readonly rotationRange?: number;
  /**
   * How far images move to the left or right. Below 1, a share of the width; a whole number n, one of the pixels −(n−1)
   * … n−1; another number, up to so many pixels; a list, one of its elements (shares if all are below 1) in either
   * direction.
   */
  readonly widthShiftRange?: number | readonly number[];
  /** The same up and down, with the height. */
  readonly heightShiftRange?: number | readonly number[];
  /** Degrees: the columns lean by −range … range. */
  readonly shearRange?: number;
  /** z for factors in 1−z … 1+z, or their two bounds; rows and columns each draw one, and below 1 the image grows. */
  readonly zoomRange?: number | readonly [number, number];
  /** Whether half of the images are turned left to right. */
  readonly horizontalFlip?: boolean;
  /** Whether half of the images are turned upside down. */
  readonly verticalFlip?: boolean;
  /** Bounds of a factor for all pixels, which end at 255. */
  readonly brightnessRange?: readonly [number, number];
  /** What lies beyond the edge: `cval`, the nearest pixel, the mirror image, or the other edge. */
  readonly fillMode?: FillMode;
  /** A pixel's value, 0 … 255, for `constant`. */
  readonly cval?: number;
  /**
   * How far a smooth field of displacements pulls the image about: points of a grid over it move by up to this, below 1
   * a share of each side, else pixels.
   */
  readonly elasticRange?: number;
  /** Pixels by which strokes grow or shrink at each of their edges, at most. */
  readonly strokeRange?: number;
  /** Bounds of a factor for each pixel's distance from the image's mean. */
  readonly contrastRange?: readonly [number, number];
  /** Standard deviation of what is added to each pixel, in the pixels' own numbers. */
  readonly noise?: number;
  /** The share of the images in which a rectangle is replaced by `cval`. */
  readonly erasing?: number;
  /** Bounds of the rectangle's height and width, each drawn by itself, as shares of the image's. */
  readonly erasingRange?: readonly [number, number];
}

/** What is to be done to images of a given size, in degrees and pixels. */
export interface ImageAugmentation {
  readonly rotation: number;
  readonly heightShift: number | readonly number[];
  readonly widthShift: number | readonly number[];
  readonly shear: number;
  readonly zoom: readonly [number, number];
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly brightness: readonly [number, number];
  readonly fillMode: FillMode;
  readonly cval: number;
  /** Pixels along rows and columns. */
  readonly elastic?: readonly [rows: number, columns: number];
  readonly stroke?: number;
  readonly contrast?: readonly [number, number];
  readonly noise?: number;
  readonly erasing?: {
    readonly probability: number;
    readonly heights: readonly [number, number];
    readonly widths: readonly [number, number];
  };
}

export class ImageDataGenerator {
  readonly validationSplit: number;
  readonly #options: ImageDataGeneratorOptions;
  readonly #zoom: readonly [number, number];
  readonly #brightness: readonly [number, number];

  /** @throws ParameterError if a parameter makes no sense */
  constructor(options: ImageDataGeneratorOptions = {}) {
    const { rescale = 1, validationSplit = 0, zoomRange = 0, brightnessRange = [1, 1] } = options;
    check('rescale', rescale, 'a number other than 0', Number.isFinite(rescale) && rescale !== 0);
    check(
      'validationSplit',
      validationSplit,
      'a number of at least 0 and below 1',
      validationSplit >= 0 && validationSplit < 1,
    );
    for (const name of ['rotationRange', 'shearRange'] as const) {
      const degrees = options[name] ?? 0;
      check(name, degrees, 'degrees of at least 0', degrees >= 0 && Number.isFinite(degrees));
    }
    for (const name of ['widthShiftRange', 'heightShiftRange'] as const) {
      const range = options[name] ?? 0;
      const valid =
        typeof range === 'number'
          ? range >= 0 && Number.isFinite(range)
          : range.length > 0 && range.every(Number.isFinite);
      check(name, range, 'a number of at least 0, or a list of numbers', valid);
    }
    this.#zoom = typeof zoomRange === 'number' ? [1 - zoomRange, 1 + zoomRange] : zoomRange;
    check(
      'zoomRange',
      zoomRange,
      'a number of at least 0 and below 1, or two factors above 0, the smaller one first',
      areBounds(this.#zoom) && this.#zoom[0] > 0,
    );
    check(
      'brightnessRange',
      brightnessRange,
      'two factors of at least 0, the smaller one first',
      areBounds(brightnessRange) && brightnessRange[0] >= 0,
    );
    this.#brightness = brightnessRange;
    const { fillMode = 'nearest', cval = 0 } = options;
    check('fillMode', fillMode, `one of ${FILL_MODES.join(', ')}`, FILL_MODES.includes(fillMode));
    check('cval', cval, 'a number in 0 … 255', cval >= 0 && cval <= 255);
    const { contrastRange = [1, 1], erasing = 0, erasingRange = USUAL_ERASING } = options;
    for (const name of ['elasticRange', 'strokeRange', 'noise'] as const) {
      const size = options[name] ?? 0;
      check(name, size, 'a number of at least 0', size >= 0 && Number.isFinite(size));
    }
    check(
      'contrastRange',
      contrastRange,
      'two factors of at least 0, the smaller one first',
      areBounds(contrastRange) && contrastRange[0] >= 0,
    );
    check('erasing', erasing, 'a share of the images, 0 … 1', erasing >= 0 && erasing <= 1);
    check(
      'erasingRange',
      erasingRange,
      'two shares of the sides above 0 and up to 1, the smaller one first',
      areBounds(erasingRange) && erasingRange[0] > 0 && erasingRange[1] <= 1,
    );
    this.validationSplit = validationSplit;
    this.#options = options;
  }

  /**
   * Scales the images, and holds out rows for validation: the first ones, unless the options say otherwise.
   *
   * @throws DataError if a part is empty, or the two do not hold the same classes
   */
  split(data: ImageDataset, options: SplitOptions = {}): Split {
    const { rescale } = this.#options;
    return splitForValidation(rescale === undefined ? data : data.scaled(rescale, 0), this.validationSplit, options);
  }

  /** What it does to images of this size; undefined where that is nothing. */
  augmentation([height, width]: ImageShape): ImageAugmentation | undefined {
    const { rotationRange = 0, shearRange = 0, heightShiftRange = 0, widthShiftRange = 0 } = this.#options;
    const { horizontalFlip = false, verticalFlip = false, fillMode = 'nearest', cval = 0 } = this.#options;
    const changes = [rotationRange, shearRange, heightShiftRange, widthShiftRange].some((range) => range !== 0);
    const [zoom, brightness] = [this.#zoom, this.#brightness];
    const scales = [...zoom, ...brightness].some((factor) => factor !== 1);
    const more = this.#beyondKeras(height, width);
    if (!changes && !scales && !horizontalFlip && !verticalFlip && Object.keys(more).length === 0) return undefined;
    return {
      rotation: rotationRange,
      heightShift: inPixels(heightShiftRange, height),
      widthShift: inPixels(widthShiftRange, width),
      shear: shearRange,
      zoom,
      horizontalFlip,
      verticalFlip,
      brightness,
      fillMode,
      cval,
      ...more,
    };
  }

  /** What is left out changes nothing, so that the device need not do it. */
  #beyondKeras(
    height: number,
    width: number,
  ): Pick<ImageAugmentation, 'elastic' | 'stroke' | 'contrast' | 'noise' | 'erasing'> {
    const { elasticRange = 0, strokeRange = 0, contrastRange = [1, 1], noise = 0, erasing = 0 } = this.#options;
    const { erasingRange = USUAL_ERASING } = this.#options;
    const points = (side: number): number => (elasticRange < 1 ? elasticRange * side : elasticRange);
    const sides = (side: number): [number, number] => {
      const [least, most] = erasingRange.map((share) => Math.max(1, Math.round(share * side)));
      return [least as number, most as number];
    };
    return {
      ...(elasticRange > 0 ? { elastic: [points(height), points(width)] } : {}),
      ...(strokeRange > 0 ? { stroke: strokeRange } : {}),
      ...(contrastRange.some((factor) => factor !== 1) ? { contrast: contrastRange } : {}),
      ...(noise > 0 ? { noise } : {}),
      ...(erasing > 0 ? { erasing: { probability: erasing, heights: sides(height), widths: sides(width) } } : {}),
    };
  }
}

/** From a seventh to a third of a side. */
const USUAL_ERASING = [0.15, 0.35] as const;

const areBounds = (range: readonly number[]): range is readonly [number, number] =>
  range.length === 2 && range.every(Number.isFinite) && (range[0] as number) <= (range[1] as number);

function inPixels(range: number | readonly number[], side: number): number | readonly number[] {
  if (typeof range !== 'number') return Math.max(...range) < 1 ? range.map((part) => part * side) : range;
  if (range < 1) return range * side;
  return Number.isInteger(range) ? Array.from({ length: range }, (_, pixels) => pixels) : range;
}

function check(parameter: string, value: unknown, expected: string, valid: boolean): void {
  if (!valid)
    throw new ParameterError(parameter, `must be ${expected}, not ${Array.isArray(value) ? value.join(',') : value}`);
}
