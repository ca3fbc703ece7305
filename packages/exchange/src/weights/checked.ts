/** The weights of a graph that is to be written, found complete. */
import { formatShape, type Graph, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';

/**
 * A graph's weights by name (`layer/weight`), in the order of its layers.
 *
 * @throws ExchangeError if one is missing, has another shape, or holds NaN or infinity
 */
export function checkedWeights(
  graph: Graph,
  weights: ReadonlyMap<string, WeightValues>,
): ReadonlyMap<string, WeightValues> {
  const specs = graph.layers.flatMap((layer) =>
    layer.weights.map(({ name, shape }) => ({ name: `${layer.name}/${name}`, shape })),
  );
  return new Map(
    specs.map(({ name, shape }) => {
      const given = weights.get(name);
      if (!given) throw new ExchangeError(`the weight "${name}" is missing: give all that the model has`);
      if (given.shape.join() !== shape.join()) {
        const [found, expected] = [formatShape(given.shape), formatShape(shape)];
        throw new ExchangeError(`the weight "${name}" has shape ${found}, but the model's is ${expected}`);
      }
      const broken = given.values.findIndex((value) => !Number.isFinite(value));
      if (broken >= 0) throw new ExchangeError(`the weight "${name}" is ${given.values[broken]} at index ${broken}`);
      return [name, given];
    }),
  );
}
