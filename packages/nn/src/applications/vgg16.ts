/**
 * VGG16 as `keras.applications` builds it, with the names of its layers: five blocks of 3 × 3 convolutions, each
 * followed by a max pooling, and three dense layers.
 *
 * Simonyan and Zisserman, arXiv:1409.1556, configuration D; keras/src/applications/vgg16.py.
 */
import type { Graph } from '../graph/graph.js';
import type { Node } from '../graph/node.js';
import { CaffePreprocessing } from '../layers/caffe-preprocessing.js';
import { Conv2D } from '../layers/conv2d.js';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/flatten.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { type ApplicationOptions, checkAlpha, graphTo, imagesOf, withoutTop } from './application.js';

export interface Vgg16Options extends ApplicationOptions {
  /** Factor of all widths, which Keras's VGG16 does not have; 1 if absent. */
  readonly alpha?: number;
}

/** Filters and convolutions of the blocks. */
const BLOCKS = [
  { filters: 64, convolutions: 2 },
  { filters: 128, convolutions: 2 },
  { filters: 256, convolutions: 3 },
  { filters: 512, convolutions: 3 },
  { filters: 512, convolutions: 3 },
];
const UNITS = 4096;

/** @throws ModelError if an option is out of range, or the images are no images of at least 32 × 32 */
export function vgg16(options: Vgg16Options = {}): Graph {
  const { alpha = 1, includeTop = true, classes = 1000, classifierActivation = 'softmax' } = options;
  checkAlpha(alpha);
  const width = (full: number): number => Math.max(1, Math.round(full * alpha));
  const images = imagesOf(options);
  const convolution = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
  let x = images;
  BLOCKS.forEach(({ filters, convolutions }, block) => {
    const prefix = `block${block + 1}`;
    for (let i = 1; i <= convolutions; i++)
      x = new Conv2D({ name: `${prefix}_conv${i}`, filters: width(filters), ...convolution }).apply(x);
    x = new MaxPooling2D({ name: `${prefix}_pool`, poolSize: 2, strides: 2 }).apply(x);
  });
  if (!includeTop) return withoutTop(images, x, options);
  x = new Flatten({ name: 'flatten' }).apply(x);
  for (const name of ['fc1', 'fc2']) x = new Dense({ name, units: width(UNITS), activation: 'relu' }).apply(x);
  const top = new Dense({ name: 'predictions', units: classes, activation: classifierActivation });
  return graphTo(images, top.apply(x), options);
}

/**
 * RGB images as VGG16 was trained on them: blue, green, red, minus ImageNet's means.
 *
 * @param largest what white is in the images as they come into the model: 255, or 1 where they are rescaled by 1 / 255
 */
export const preprocessVgg16 = (images: Node, largest = 255): Node =>
  new CaffePreprocessing({ name: 'preprocess_input', largest }).apply(images);
