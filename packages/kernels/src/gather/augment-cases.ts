/** Cases of `augment`, for tests and benchmarks. */
import { type Augmentation, type AugmentParams, FILL_MODES } from './augmentation.js';

const ERASING = { probability: 0.5, heights: [2, 8], widths: [1, 7] } as const;
/** What Keras's generator does not do. */
const HANDWRITING = { elastic: [3, 2], stroke: 0.7, contrast: [0.7, 1.3], noise: 10, erasing: ERASING } as const;
const STILL: Augmentation = {
  ...{ rotation: 0, heightShift: 0, widthShift: 0, shear: 0, zoom: [1, 1], brightness: [1, 1] },
  ...{ horizontalFlip: false, verticalFlip: false, fillMode: 'nearest', cval: 17 },
};

/** Keras's changes, all at once, for tests and benchmarks. */
function everything(other: Partial<Augmentation>): Augmentation {
  return {
    rotation: 10,
    heightShift: 2.8,
    widthShift: 2.8,
    shear: 10,
    zoom: [0.9, 1.1],
    horizontalFlip: true,
    verticalFlip: true,
    brightness: [0.5, 1.5],
    fillMode: 'nearest',
    cval: 17,
    ...other,
  };
}

export const AUGMENT_CASES: readonly AugmentParams[] = [
  // The one that is timed.
  {
    ...{ batch: 32, rows: 100, stride: 32, factor: 1 / 255, offset: 0, shape: [28, 28, 1] as const, rowLength: 784 },
    augmentation: everything(HANDWRITING),
  },
  ...FILL_MODES.flatMap((fillMode) => [
    {
      ...{ batch: 5, rows: 12, stride: 5, factor: 1 / 255, offset: 0, shape: [28, 28, 1] as const, rowLength: 784 },
      augmentation: everything({ fillMode }),
    },
    {
      ...{ batch: 3, rows: 7, stride: 4, factor: 1 / 127.5, offset: -1, shape: [5, 9, 3] as const, rowLength: 135 },
      augmentation: everything({ fillMode, zoom: [0.5, 3], heightShift: 11.5, widthShift: [1, 2.5, 20] }),
    },
    {
      ...{ batch: 2, rows: 2, stride: 2, factor: 1, offset: 0, shape: [1, 3, 1] as const, rowLength: 3 },
      augmentation: everything({ fillMode, rotation: 180 }),
    },
    {
      ...{ batch: 3, rows: 7, stride: 4, factor: 0.5, offset: -1, shape: [5, 9, 3] as const, rowLength: 135 },
      ...{ floats: true, augmentation: everything({ fillMode, heightShift: 4.5, cval: -0.3 }) },
    },
  ]),
  {
    ...{ batch: 65, rows: 130, stride: 65, factor: 0.5, offset: 0, shape: [3, 1, 1] as const, rowLength: 3 },
    augmentation: everything({ zoom: [1, 1], rotation: 0, shear: 0, heightShift: [1], widthShift: 0 }),
  },
  {
    ...{ batch: 32, rows: 100, stride: 32, factor: 1 / 255, offset: 0, shape: [28, 28, 1] as const, rowLength: 784 },
    augmentation: everything({}),
  },
  ...FILL_MODES.map((fillMode) => ({
    ...{ batch: 3, rows: 7, stride: 4, factor: 1 / 127.5, offset: -1, shape: [5, 9, 3] as const, rowLength: 135 },
    augmentation: everything({ fillMode, ...HANDWRITING, erasing: { ...ERASING, heights: [1, 5], widths: [2, 9] } }),
  })),
  // Each by itself: what one has forgotten another may hide.
  ...([{ elastic: [1.5, 0] }, { stroke: 0.6 }, { contrast: [0, 2] }, { noise: 40 }, { erasing: ERASING }] as const).map(
    (change) => ({
      ...{ batch: 9, rows: 12, stride: 9, factor: 1 / 255, offset: 0, shape: [13, 11, 1] as const, rowLength: 143 },
      augmentation: { ...STILL, ...change },
    }),
  ),
  {
    ...{ batch: 3, rows: 7, stride: 4, factor: 0.5, offset: -1, shape: [17, 9, 3] as const, rowLength: 459 },
    ...{ floats: true, augmentation: everything({ ...HANDWRITING, noise: 0.1, cval: -0.3 }) },
  },
  {
    ...{ batch: 3, rows: 7, stride: 4, factor: 1, offset: 0, shape: [9, 7, 1] as const, rowLength: 63 },
    ...{ alike: true, augmentation: everything(HANDWRITING) },
  },
];
