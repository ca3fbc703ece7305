/** What the models of `keras.applications` have in common: where their images come in, and what stands on top. */
import type { Shape } from '../autograd/tensor.js';
import { ModelError } from '../errors.js';
import { Graph, type GraphOptions } from '../graph/graph.js';
import { input, type Node } from '../graph/node.js';
import type { ActivationName } from '../layers/activation.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { GlobalMaxPooling2D } from '../layers/global-max-pooling-2d.js';

export interface ApplicationOptions extends GraphOptions {
  /** (height, width, channels) of an image, both sides at least 32; (224, 224, 3) if absent. */
  readonly inputShape?: Shape;
  /** A node to build on instead of an input of its own, such as one that scales the images. */
  readonly inputTensor?: Node;
  /** Whether the classifier stands at the end; true if absent. Without it, the output is features. */
  readonly includeTop?: boolean;
  /** Without the classifier: the mean or the maximum of each feature over the image; if absent, all of them. */
  readonly pooling?: 'avg' | 'max';
  /** 1000 if absent. */
  readonly classes?: number;
  /** `softmax` if absent. */
  readonly classifierActivation?: ActivationName;
}

/** The least side of an image, as Keras has it: below, the last layers would see a single pixel or none. */
const LEAST_SIDE = 32;

/**
 * Where the images come into a model.
 *
 * @throws ModelError if they are no images, or smaller than 32 × 32
 */
export function imagesOf({ inputShape = [224, 224, 3], inputTensor }: ApplicationOptions): Node {
  const images = inputTensor ?? input(inputShape);
  const [height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || Math.min(height, width) < LEAST_SIDE)
    throw new ModelError(
      `the model takes images (height, width, channels) of at least ${LEAST_SIDE} × ${LEAST_SIDE} pixels, ` +
        `not (${images.shape.join(', ')})`,
    );
  return images;
}

/** The graph that ends with features, which are pooled where that is asked for. */
export function withoutTop(images: Node, features: Node, { pooling, ...options }: ApplicationOptions): Graph {
  const pooled = {
    none: () => features,
    avg: () => new GlobalAveragePooling2D().apply(features),
    max: () => new GlobalMaxPooling2D().apply(features),
  };
  return graphTo(images, pooled[pooling ?? 'none'](), options);
}

/** The graph from the input, which the images may have been made of, to an output. */
export function graphTo(images: Node, output: Node, { seed }: GraphOptions): Graph {
  let source = images;
  for (let [before] = images.inputs; before; [before] = before.inputs) source = before;
  return new Graph(source, output, seed === undefined ? {} : { seed });
}

/** @throws ModelError if a factor of all widths is none */
export function checkAlpha(alpha: number): void {
  if (!(alpha > 0 && Number.isFinite(alpha))) throw new ModelError(`alpha must be a positive number, not ${alpha}`);
}
