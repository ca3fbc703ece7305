/** What convolutions and dense layers are tested with: shapes, and the options that each direction has besides. */
import type { Epilogue, Mask } from '../epilogue/epilogue.js';
import { type Conv2dParams, conv2dParams } from './geometry.js';

/** The notebook's three convolutions at a given batch. */
export function notebookConvolutions(batch: number): Record<'conv1' | 'conv2' | 'conv3', Conv2dParams> {
  return {
    conv1: conv2dParams({ batch, height: 28, width: 28, inChannels: 1, outChannels: 32, kernel: [3, 3] }),
    conv2: conv2dParams({ batch, height: 13, width: 13, inChannels: 32, outChannels: 64, kernel: [5, 5] }),
    conv3: conv2dParams({ batch, height: 9, width: 9, inChannels: 64, outChannels: 64, kernel: [3, 3] }),
  };
}

const shapes: readonly Conv2dParams[] = [
  // A single pixel, and a single pixel with padding around it.
  conv2dParams({ batch: 1, height: 1, width: 1, inChannels: 1, outChannels: 1, kernel: [1, 1] }),
  conv2dParams({ batch: 2, height: 1, width: 1, inChannels: 3, outChannels: 7, kernel: [3, 3], padding: 'same' }),
  // Kernels as large as the image.
  conv2dParams({ batch: 3, height: 7, width: 7, inChannels: 3, outChannels: 7, kernel: [7, 7] }),
  conv2dParams({ batch: 1, height: 12, width: 11, inChannels: 2, outChannels: 3, kernel: [12, 11] }),
  // Ragged sizes, around the widths of subgroups and tiles.
  conv2dParams({ batch: 1, height: 7, width: 33, inChannels: 7, outChannels: 33, kernel: [3, 3] }),
  conv2dParams({ batch: 2, height: 5, width: 65, inChannels: 33, outChannels: 9, kernel: [3, 5], padding: 'same' }),
  conv2dParams({ batch: 1, height: 3, width: 129, inChannels: 9, outChannels: 65, kernel: [1, 3] }),
  conv2dParams({ batch: 3, height: 9, width: 10, inChannels: 65, outChannels: 129, kernel: [2, 2] }),
  conv2dParams({ batch: 1, height: 6, width: 5, inChannels: 129, outChannels: 17, kernel: [4, 1], padding: 'same' }),
  // Strides.
  conv2dParams({ batch: 2, height: 9, width: 11, inChannels: 3, outChannels: 7, kernel: [3, 3], stride: [2, 2] }),
  conv2dParams({
    batch: 2,
    height: 10,
    width: 33,
    inChannels: 8,
    outChannels: 16,
    kernel: [3, 3],
    stride: [2, 3],
    padding: 'same',
  }),
  conv2dParams({ batch: 1, height: 8, width: 8, inChannels: 2, outChannels: 3, kernel: [1, 1], stride: [3, 2] }),
  // A stride that leaves the last rows and columns unread, and one larger than the kernel.
  conv2dParams({ batch: 2, height: 8, width: 8, inChannels: 5, outChannels: 6, kernel: [3, 3], stride: [4, 4] }),
  // Padding that takes the kernel as far out as it still covers a pixel, on all sides and on some.
  {
    ...conv2dParams({ batch: 2, height: 9, width: 12, inChannels: 9, outChannels: 10, kernel: [3, 3] }),
    ...{ height: 5, width: 8, padTop: 2, padLeft: 2 },
  },
  {
    ...conv2dParams({ batch: 2, height: 10, width: 9, inChannels: 3, outChannels: 8, kernel: [4, 3], stride: [2, 2] }),
    ...{ height: 7, width: 7, padTop: 3, padLeft: 0 },
  },
  // Products of many pixels, whole and with a ragged end.
  conv2dParams({ batch: 3, height: 17, width: 15, inChannels: 20, outChannels: 50, kernel: [1, 1] }),
  conv2dParams({ batch: 2, height: 20, width: 16, inChannels: 48, outChannels: 8, kernel: [1, 1] }),
  conv2dParams({ batch: 33, height: 2, width: 1, inChannels: 7, outChannels: 129, kernel: [1, 1] }),
  // The notebook's.
  ...Object.values(notebookConvolutions(1)),
  ...Object.values(notebookConvolutions(3)),
  ...Object.values(notebookConvolutions(32)),
];

const dilated = [
  // One tap inside the image, the others in the padding.
  { batch: 2, height: 2, width: 3, inChannels: 3, outChannels: 7, kernel: [3, 3], dilation: [4, 4], padding: 'same' },
  // Along one axis alone, with few channels and with many, even kernels, and wider than registers hold.
  { batch: 2, height: 9, width: 33, inChannels: 3, outChannels: 17, kernel: [3, 2], dilation: [1, 2], padding: 'same' },
  { batch: 1, height: 11, width: 14, inChannels: 33, outChannels: 9, kernel: [2, 3], dilation: [3, 1] },
  { batch: 65, height: 9, width: 8, inChannels: 9, outChannels: 11, kernel: [3, 3], dilation: [2, 2], padding: 'same' },
  {
    batch: 1,
    height: 5,
    width: 40,
    inChannels: 9,
    outChannels: 33,
    kernel: [2, 3],
    dilation: [2, 12],
    padding: 'same',
  },
  // With a stride, which no layer asks for.
  { batch: 2, height: 12, width: 15, inChannels: 9, outChannels: 5, kernel: [3, 3], dilation: [2, 3], stride: [2, 2] },
  { batch: 1, height: 12, width: 15, inChannels: 2, outChannels: 9, kernel: [2, 2], dilation: [3, 2], stride: [1, 3] },
] as const satisfies readonly Parameters<typeof conv2dParams>[0][];

const grouped = [
  // A channel a group, and more inputs than outputs.
  { batch: 1, height: 1, width: 1, inChannels: 2, outChannels: 2, kernel: [1, 1], groups: 2 },
  { batch: 3, height: 5, width: 9, inChannels: 12, outChannels: 4, kernel: [2, 3], groups: 2 },
  // Groups that fill a tile but for one column, and that need a second one for the last.
  { batch: 2, height: 7, width: 6, inChannels: 10, outChannels: 62, kernel: [3, 3], groups: 2, padding: 'same' },
  { batch: 1, height: 5, width: 5, inChannels: 195, outChannels: 99, kernel: [1, 2], groups: 3 },
  // Sums that are split, with strides and a dilation.
  { batch: 65, height: 5, width: 6, inChannels: 8, outChannels: 12, kernel: [3, 3], groups: 4, stride: [2, 1] },
  { batch: 9, height: 9, width: 9, inChannels: 6, outChannels: 9, kernel: [2, 3], groups: 3, dilation: [3, 2] },
  { batch: 4, height: 14, width: 14, inChannels: 64, outChannels: 64, kernel: [3, 3], groups: 32, padding: 'same' },
] as const satisfies readonly Parameters<typeof conv2dParams>[0][];

/** Few input channels and many, in batches whose sums every device splits; they are tested with every option. */
const small: readonly Conv2dParams[] = [
  conv2dParams({ batch: 65, height: 3, width: 4, inChannels: 2, outChannels: 9, kernel: [2, 2], padding: 'same' }),
  conv2dParams({ batch: 129, height: 2, width: 5, inChannels: 9, outChannels: 17, kernel: [1, 2] }),
];

/** Every item with one of the options, in turn. */
export const inTurn = <P, O>(items: readonly P[], options: readonly O[]): (P & O)[] =>
  items.map((item, i) => ({ ...item, ...(options[i % options.length] as O) }));

/** Every item with every option. */
export const crossed = <P, O>(items: readonly P[], options: readonly O[]): (P & O)[] =>
  items.flatMap((item) => options.map((option) => ({ ...item, ...option })));

export const convolutions = <O>(options: readonly O[]): (Conv2dParams & O)[] => [
  ...inTurn(shapes, options),
  ...crossed(small, options),
  ...inTurn(dilated.map(conv2dParams), options),
  ...inTurn(grouped.map(conv2dParams), options),
];

export const EPILOGUES: readonly { readonly epilogue: Epilogue }[] = [
  { epilogue: { bias: true } },
  { epilogue: { bias: true, rectifier: { slope: 0 } } },
  { epilogue: { bias: true, rectifier: { slope: 0 }, dropout: { rate: 0.25, layer: 2 } } },
  { epilogue: { bias: false } },
  { epilogue: { bias: false, rectifier: { slope: 0, cap: 6 } } },
  { epilogue: { bias: true, rectifier: { slope: 0.1 } } },
  { epilogue: { bias: false, rectifier: { slope: 0.25, cap: 0.5 }, dropout: { rate: 0.5, layer: 3 } } },
];

export const MASKS: readonly { readonly mask?: Mask }[] = [
  {},
  { mask: { slope: 0, keep: 1 } },
  { mask: { slope: 0, keep: 4 / 3 } },
  { mask: { slope: 0, cap: 6, keep: 1 } },
  { mask: { slope: 0.1, keep: 1 } },
  { mask: { slope: 0.25, cap: 0.5, keep: 2 } },
];

export const WEIGHT_GRADIENTS: readonly { readonly bias: boolean; readonly decay: number }[] = [
  { bias: true, decay: 0 },
  { bias: true, decay: 0.02 },
  { bias: false, decay: 0 },
  { bias: false, decay: 0.02 },
];
