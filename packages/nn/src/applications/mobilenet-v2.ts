/**
 * MobileNetV2 as `keras.applications` builds it, with the names of its layers. Blocks expand the channels by a 1 × 1
 * convolution, filter each by itself, and project them to few again; where sizes allow, a block's input is added to its
 * output.
 *
 * Sandler et al., arXiv:1801.04381, table 2; keras/src/applications/mobilenet_v2.py.
 */
import type { Graph } from '../graph/graph.js';
import type { Node } from '../graph/node.js';
import { Add } from '../layers/add.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { DepthwiseConv2D } from '../layers/depthwise-conv2d.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { ReLU } from '../layers/relu.js';
import { Rescaling } from '../layers/rescaling.js';
import { ZeroPadding2D } from '../layers/zero-padding-2d.js';
import { type ApplicationOptions, checkAlpha, graphTo, imagesOf, withoutTop } from './application.js';

export interface MobileNetV2Options extends ApplicationOptions {
  /** Factor of all widths but the last convolution's, which only grows with it; 1 if absent. */
  readonly alpha?: number;
  /** Momentum of the batch normalizations; Keras's 0.999 if absent. */
  readonly momentum?: number;
}

/** Channels before alpha, blocks, and the first block's stride. */
const STAGES = [
  { channels: 16, blocks: 1, stride: 1 },
  { channels: 24, blocks: 2, stride: 2 },
  { channels: 32, blocks: 3, stride: 2 },
  { channels: 64, blocks: 4, stride: 2 },
  { channels: 96, blocks: 3, stride: 1 },
  { channels: 160, blocks: 3, stride: 2 },
  { channels: 320, blocks: 1, stride: 1 },
];
const EXPANSION = 6;
const LAST_CHANNELS = 1280;

/** The multiple of 8 next to a width, but none that is more than a tenth below it. */
function divisible(width: number): number {
  const near = Math.max(8, Math.floor((width + 4) / 8) * 8);
  return near < 0.9 * width ? near + 8 : near;
}

/** @throws ModelError if an option is out of range, or the images are no images of at least 32 × 32 */
export function mobileNetV2(options: MobileNetV2Options = {}): Graph {
  const { alpha = 1, momentum = 0.999, includeTop = true, classes = 1000, classifierActivation = 'softmax' } = options;
  checkAlpha(alpha);
  const images = imagesOf(options);
  const build = new Builder(momentum);
  const strided = { kernelSize: 3, strides: 2, padding: 'same', useBias: false } as const;
  const stem = new Conv2D({ name: 'Conv1', filters: divisible(32 * alpha), ...strided }).apply(images);
  let x = build.rectified('Conv1_relu', build.normalized('bn_Conv1', stem));
  let block = 0;
  for (const { channels, blocks, stride } of STAGES) {
    const filters = divisible(Math.floor(channels * alpha));
    for (let i = 0; i < blocks; i++) x = build.block(x, { index: block++, filters, stride: i === 0 ? stride : 1 });
  }
  const last = alpha > 1 ? divisible(LAST_CHANNELS * alpha) : LAST_CHANNELS;
  x = new Conv2D({ name: 'Conv_1', filters: last, kernelSize: 1, useBias: false }).apply(x);
  x = build.rectified('out_relu', build.normalized('Conv_1_bn', x));
  if (!includeTop) return withoutTop(images, x, options);
  x = new GlobalAveragePooling2D({ name: 'global_average_pooling2d' }).apply(x);
  const top = new Dense({ name: 'predictions', units: classes, activation: classifierActivation });
  return graphTo(images, top.apply(x), options);
}

/**
 * Images as MobileNetV2 was trained on them, in −1 … 1: x / 127.5 − 1.
 *
 * @param largest what white is in the images as they come into the model: 255, or 1 where they are rescaled by 1 / 255
 */
export const preprocessMobileNetV2 = (images: Node, largest = 255): Node =>
  new Rescaling({ name: 'preprocess_input', scale: 2 / largest, offset: -1 }).apply(images);

interface Block {
  readonly index: number;
  readonly filters: number;
  readonly stride: number;
}

/** Makes the parts that repeat. */
class Builder {
  constructor(private readonly momentum: number) {}

  normalized(name: string, x: Node): Node {
    return new BatchNormalization({ name, epsilon: 1e-3, momentum: this.momentum }).apply(x);
  }

  /** ReLU6 */
  rectified(name: string, x: Node): Node {
    return new ReLU({ name, maxValue: 6 }).apply(x);
  }

  block(x: Node, { index, filters, stride }: Block): Node {
    const prefix = index === 0 ? 'expanded_conv_' : `block_${index}_`;
    const channels = x.shape.at(-1) as number;
    const pointwise = { kernelSize: 1, padding: 'same', useBias: false } as const;
    let y = x;
    if (index > 0) {
      y = new Conv2D({ name: `${prefix}expand`, filters: EXPANSION * channels, ...pointwise }).apply(y);
      y = this.rectified(`${prefix}expand_relu`, this.normalized(`${prefix}expand_BN`, y));
    }
    if (stride === 2) y = padded(`${prefix}pad`, y);
    const padding = stride === 2 ? 'valid' : 'same';
    const depthwise = { kernelSize: 3, strides: stride, padding, useBias: false } as const;
    y = new DepthwiseConv2D({ name: `${prefix}depthwise`, ...depthwise }).apply(y);
    y = this.rectified(`${prefix}depthwise_relu`, this.normalized(`${prefix}depthwise_BN`, y));
    y = new Conv2D({ name: `${prefix}project`, filters, ...pointwise }).apply(y);
    y = this.normalized(`${prefix}project_BN`, y);
    return channels === filters && stride === 1 ? new Add({ name: `${prefix}add` }).apply(x, y) : y;
  }
}

/**
 * Zeros before a 3 × 3 window with stride 2: one on each side of an odd length, at the end alone of an even one.
 * keras/src/applications/imagenet_utils.py, correct_pad
 */
function padded(name: string, x: Node): Node {
  const [height = 0, width = 0] = x.shape;
  const sides = (length: number): readonly [number, number] => [length % 2, 1];
  return new ZeroPadding2D({ name, padding: [sides(height), sides(width)] }).apply(x);
}
