/** What depthwise convolutions are tested with: shapes, and the options that each direction has besides. */
import { crossed, inTurn } from '../conv2d/cases.js';
import { type DepthwiseParams, depthwiseParams } from './geometry.js';

const shapes: readonly DepthwiseParams[] = [
  // A single pixel, and a single pixel with padding around it.
  depthwiseParams({ batch: 1, height: 1, width: 1, channels: 1, kernel: [1, 1] }),
  depthwiseParams({ batch: 2, height: 1, width: 1, channels: 3, multiplier: 7, kernel: [3, 3], padding: 'same' }),
  // Kernels as large as the image, and more taps than fit into registers.
  depthwiseParams({ batch: 3, height: 7, width: 7, channels: 3, kernel: [7, 7] }),
  depthwiseParams({ batch: 1, height: 12, width: 11, channels: 2, multiplier: 2, kernel: [12, 11] }),
  // Ragged sizes.
  depthwiseParams({ batch: 1, height: 7, width: 33, channels: 33, kernel: [3, 3] }),
  depthwiseParams({ batch: 2, height: 5, width: 65, channels: 7, multiplier: 3, kernel: [3, 5], padding: 'same' }),
  depthwiseParams({ batch: 1, height: 3, width: 129, channels: 9, kernel: [1, 3] }),
  depthwiseParams({ batch: 3, height: 9, width: 10, channels: 65, multiplier: 2, kernel: [2, 2] }),
  depthwiseParams({ batch: 1, height: 6, width: 5, channels: 129, kernel: [4, 1], padding: 'same' }),
  depthwiseParams({ batch: 2, height: 11, width: 12, channels: 6, kernel: [5, 5], padding: 'same' }),
  // Strides: padded at the end only, on both sides, unequal, larger than the kernel, with pixels that nothing reads.
  depthwiseParams({ batch: 2, height: 8, width: 10, channels: 5, kernel: [3, 3], stride: [2, 2], padding: 'same' }),
  depthwiseParams({ batch: 2, height: 9, width: 19, channels: 5, kernel: [3, 3], stride: [2, 2], padding: 'same' }),
  depthwiseParams({
    batch: 1,
    height: 10,
    width: 33,
    channels: 8,
    multiplier: 2,
    kernel: [3, 4],
    stride: [2, 3],
    padding: 'same',
  }),
  depthwiseParams({ batch: 1, height: 8, width: 8, channels: 3, kernel: [1, 1], stride: [3, 2] }),
  depthwiseParams({ batch: 2, height: 8, width: 9, channels: 5, multiplier: 2, kernel: [3, 3], stride: [4, 4] }),
  depthwiseParams({ batch: 2, height: 24, width: 25, channels: 2, kernel: [2, 2], stride: [9, 9], padding: 'same' }),
  // Padding that takes the kernel as far out as it still covers a pixel, on all sides and on some.
  {
    ...depthwiseParams({ batch: 2, height: 9, width: 12, channels: 9, kernel: [3, 3] }),
    ...{ height: 5, width: 8, padTop: 2, padLeft: 2 },
  },
  {
    ...depthwiseParams({ batch: 2, height: 10, width: 9, channels: 5, kernel: [4, 3], stride: [2, 2] }),
    ...{ height: 7, width: 7, padTop: 0, padLeft: 2 },
  },
  // MobileNetV2's at 64 × 64: after the first expansion, with a stride on a padded image, and the last.
  depthwiseParams({ batch: 16, height: 32, width: 32, channels: 16, kernel: [3, 3], padding: 'same' }),
  depthwiseParams({ batch: 16, height: 33, width: 33, channels: 48, kernel: [3, 3], stride: [2, 2] }),
  depthwiseParams({ batch: 16, height: 2, width: 2, channels: 336, kernel: [3, 3], padding: 'same' }),
];

/** Without a multiplier and with one; they are tested with every option. */
const small: readonly DepthwiseParams[] = [
  depthwiseParams({ batch: 2, height: 5, width: 6, channels: 11, kernel: [3, 3], padding: 'same' }),
  depthwiseParams({ batch: 2, height: 6, width: 7, channels: 5, multiplier: 2, kernel: [3, 2], stride: [1, 2] }),
];

const dilated = [
  { batch: 2, height: 2, width: 3, channels: 3, kernel: [3, 3], dilation: [4, 4], padding: 'same' },
  { batch: 1, height: 7, width: 9, channels: 5, multiplier: 3, kernel: [3, 3], dilation: [3, 4] },
  { batch: 2, height: 9, width: 33, channels: 9, kernel: [3, 4], dilation: [1, 2], padding: 'same' },
  { batch: 3, height: 11, width: 14, channels: 33, kernel: [2, 3], dilation: [3, 1] },
  { batch: 2, height: 8, width: 7, channels: 5, multiplier: 2, kernel: [3, 3], dilation: [2, 3], padding: 'same' },
  // With a stride, which no layer asks for.
  { batch: 2, height: 12, width: 15, channels: 7, kernel: [3, 3], dilation: [2, 3], stride: [2, 2] },
  { batch: 1, height: 12, width: 15, channels: 3, multiplier: 2, kernel: [2, 2], dilation: [3, 2], stride: [1, 3] },
] as const satisfies readonly Parameters<typeof depthwiseParams>[0][];

export const depthwiseConvolutions = <O>(options: readonly O[]): (DepthwiseParams & O)[] => [
  ...inTurn(shapes, options),
  ...crossed(small, options),
  ...inTurn(dilated.map(depthwiseParams), options),
];
