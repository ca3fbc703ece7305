/** A graph's first weights, without a device. */
import type { WeightValues } from '../engine/weights.js';
import { initialValues } from '../layers/initializers.js';
import type { Graph } from './graph.js';

/** What a session of the graph begins with: by name, `layer/weight`, in the order of the layers. */
export const initialWeights = ({ layers, seed }: Graph): Map<string, WeightValues> =>
  new Map(
    layers.flatMap(({ name: layer, weights }) =>
      weights.map(({ name: weight, initializer, shape }) => {
        const name = `${layer}/${weight}`;
        return [name, { shape, values: initialValues(initializer, shape, seed, name) }] as const;
      }),
    ),
  );
