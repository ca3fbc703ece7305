/** Weights from elsewhere, layer by layer, and where they belong in a model. */
import { formatShape, type Graph, type GraphLayer, type LayerType, type Shape, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { kerasOrder } from './keras-order.js';
import { LAYER_WEIGHTS } from './names.js';

/** One layer's weights in a file. */
export interface FoundLayer {
  /** As the file calls it. */
  readonly name: string;
  /** The types of layers that have such weights; the likeliest first. */
  readonly types: readonly [LayerType, ...LayerType[]];
  /** By this project's names: kernel, bias, gamma, beta, moving_mean, moving_variance. */
  readonly weights: ReadonlyMap<string, WeightValues>;
}

/** What a file holds. */
export interface FoundWeights {
  /** What messages begin with. */
  readonly file: string;
  /** In the order of their names or, where they are `listed`, in Keras's order. */
  readonly layers: readonly FoundLayer[];
  /** Whether names are the layers' own (`listed`: in Keras's order), or count those of each type in that order. */
  readonly names: 'own' | 'listed' | 'counted';
}

/** Weights for some layers of a model. */
export interface Assignment {
  /** By name: `layer/weight`. */
  readonly weights: ReadonlyMap<string, WeightValues>;
  /** Layers of the model that the file has no weights for. */
  readonly missing: readonly string[];
  /** Layers of the file that the model does not have. */
  readonly unused: readonly string[];
}

/** conv2d_2 before conv2d_10 */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true });

type Pairs = readonly (readonly [ours: GraphLayer, theirs: FoundLayer])[];

/**
 * Gives a model's layers the weights of the file's: by name, where all of the file's layers have names of the
 * model's; else the first convolution of the model those of the first convolution in the file, and so on for each
 * type of layer.
 *
 * @returns weights by name, `layer/weight`
 * @throws ExchangeError if a layer has no counterpart, or a weight is missing, too much, or of another shape
 */
export function assignWeights(graph: Graph, found: FoundWeights): Map<string, WeightValues> {
  const { layers, names } = found;
  const known = new Set(graph.layers.map(({ name }) => name));
  const isNamed = names !== 'counted' && layers.every(({ name }) => known.has(name));
  if (isNamed) {
    const missing = missingOf(graph, layers);
    if (missing.length > 0)
      throw new ExchangeError(`${found.file}: it has no weights of the model's ${missing.join(', ')}`);
  }
  return taken(found, isNamed ? pairsByName(graph, found) : pairsByType(graph, found));
}

/**
 * The same for a file and a model that have only a part in common, such as all below a new head: by name, where any of
 * the file's layers has a name of the model's; else type by type, without the types that only one of the two has.
 *
 * @throws ExchangeError if nothing fits, a weight is missing, too much, or of another shape, or the numbers of layers
 *   of a type differ, so that nothing tells which is which
 */
export function assignPartly(graph: Graph, found: FoundWeights): Assignment {
  const { file, layers, names } = found;
  const known = new Set(graph.layers.filter(hasWeights).map(({ name }) => name));
  const isNamed = names !== 'counted' && layers.some(({ name }) => known.has(name));
  const isCommon = (type: LayerType): boolean =>
    layers.some(({ types }) => types[0] === type) &&
    graph.layers.some((layer) => hasWeights(layer) && layer.layer.type === type);
  const pairs = isNamed
    ? pairsByName(graph, { ...found, layers: layers.filter(({ name }) => known.has(name)) })
    : pairsByType(graph, found, isCommon);
  if (pairs.length === 0) throw new ExchangeError(`${file}: none of its layers is one of the model's`);
  const used = new Set(pairs.map(([, theirs]) => theirs));
  return {
    weights: taken(found, pairs),
    missing: missingOf(
      graph,
      pairs.map(([ours]) => ours),
    ),
    unused: layers.filter((layer) => !used.has(layer)).map(({ name }) => name),
  };
}

function taken({ file, names }: FoundWeights, pairs: Pairs): Map<string, WeightValues> {
  const weights = new Map<string, WeightValues>();
  for (const [ours, theirs] of pairs)
    for (const [name, values] of weightsOf(file, ours, names === 'counted' ? inOrder(ours, theirs) : theirs))
      weights.set(`${ours.name}/${name}`, values);
  return weights;
}

/** Layers with weights of which none has the name. */
function missingOf({ layers }: Graph, given: readonly { readonly name: string }[]): string[] {
  const names = new Set(given.map(({ name }) => name));
  return layers.filter((layer) => hasWeights(layer) && !names.has(layer.name)).map(({ name }) => name);
}

const hasWeights = ({ weights }: GraphLayer): boolean => weights.length > 0;

function pairsByName({ layers }: Graph, { file, layers: found }: FoundWeights): Pairs {
  return found.map((theirs) => {
    const ours = layers.find(({ name }) => name === theirs.name) as GraphLayer;
    const { type } = ours.layer;
    if (!theirs.types.includes(type))
      throw new ExchangeError(
        `${file}: ${theirs.name} has the weights of a ${theirs.types.join(' or ')}, but the model's is a ${type}`,
      );
    return [ours, theirs];
  });
}

/** @param isAsked whether the layers of a type are to be given weights */
function pairsByType(
  graph: Graph,
  { file, layers, names }: FoundWeights,
  isAsked: (type: LayerType) => boolean = () => true,
): Pairs {
  const ordered = (names === 'own' ? graph.layers : kerasOrder(graph)).filter(hasWeights);
  const types = [...ordered.map(({ layer }) => layer.type), ...layers.map((layer) => layer.types[0])];
  return [...new Set(types)].filter(isAsked).flatMap((type): Pairs => {
    const ours = ordered.filter(({ layer }) => layer.type === type);
    const theirs = layers.filter((layer) => layer.types[0] === type);
    if (ours.length !== theirs.length) {
      const given = theirs.length === 0 ? '' : ` (${theirs.map(({ name }) => name).join(', ')})`;
      throw new ExchangeError(
        `${file}: the model has ${ours.length} layers of kind ${type}, the file ${theirs.length}${given}`,
      );
    }
    return ours.map((layer, i) => [layer, theirs[i] as FoundLayer]);
  });
}

/**
 * A layer of a file that numbers its weights, with the names that the model's layer has in that order: without the
 * model nothing tells whether a normalization's first weight is γ or β.
 */
function inOrder({ layer, weights: own }: GraphLayer, theirs: FoundLayer): FoundLayer {
  const names = (LAYER_WEIGHTS[layer.type]?.names ?? []).filter((known) => own.some(({ name }) => name === known));
  const values = [...theirs.weights.values()];
  if (names.length !== values.length) return theirs;
  return { ...theirs, weights: new Map(names.map((name, i) => [name, values[i] as WeightValues])) };
}

function weightsOf(file: string, layer: GraphLayer, { name: theirs, weights }: FoundLayer): [string, WeightValues][] {
  const extra = [...weights.keys()].find((given) => !layer.weights.some(({ name }) => name === given));
  if (extra !== undefined)
    throw new ExchangeError(`${file}: ${theirs} has a weight ${extra}, but the model's ${layer.name} has none`);
  return layer.weights.map(({ name, shape }) => {
    const given = weights.get(name);
    if (!given) throw new ExchangeError(`${file}: ${theirs} has no ${name}, which the model's ${layer.name} needs`);
    if (given.shape.join() !== shape.join()) {
      const found = `the ${name} of ${theirs} has shape ${formatShape(given.shape)}`;
      const expected = `that of the model's ${layer.name} is ${formatShape(shape)}`;
      throw new ExchangeError(`${file}: ${found}, ${expected}${hint(layer.layer.type, given.shape, shape)}`);
    }
    return [name, given];
  });
}

/** What a kernel that was not transposed is told by. */
function hint(type: LayerType, given: Shape, expected: Shape): string {
  const kernel = LAYER_WEIGHTS[type]?.kernel;
  if (!kernel || expected.length < 2 || given.join() !== kernel.torch(expected).join()) return '';
  return `; this is PyTorch's order: transpose it to ${kernel.axes} first`;
}
