/** Graphs from their descriptions: see `description.ts` for the format. */
import { quoted } from '@anke/messages';
import type { Shape } from '../autograd/tensor.js';
import { FormatError, ModelError } from '../errors.js';
import { makeLayer } from '../layers/catalogue.js';
import type { Layer } from '../layers/layer.js';
import { FORMAT, type GraphDescription, type LayerDescription, VERSION } from './description.js';
import { Graph, type GraphOptions } from './graph.js';
import { Namer } from './names.js';
import { connect, input, type Node } from './node.js';

export interface ReadingOptions extends GraphOptions {
  /** Shape of one sample. */
  readonly inputShape: Shape;
  /** What descriptions call the model's input; `input` if absent. */
  readonly inputName?: string;
}

/**
 * The graph that a list of described layers makes.
 *
 * @throws FormatError if the list is not usable: a type, a name or an option that there is not
 * @throws ShapeError if a layer cannot take its inputs
 * @throws ModelError if an option is out of range, two layers have one name, or a layer leads nowhere
 */
export function graphFromLayers(
  descriptions: readonly LayerDescription[],
  { inputShape, inputName, ...options }: ReadingOptions,
): Graph {
  const reader = new Reader(input(inputShape, inputName));
  for (const description of descriptions) reader.add(description);
  const graph = new Graph(reader.input, reader.last, options);
  if (graph.nodes.length !== descriptions.length) {
    const used = new Set(graph.nodes.map(({ name }) => name));
    const lost = reader.names.filter((name) => !used.has(name));
    throw new ModelError(`the output does not depend on ${lost.map((name) => `"${name}"`).join(', ')}`);
  }
  return graph;
}

/**
 * The graph that `model.json` describes; its weights are kept elsewhere.
 *
 * @throws FormatError if the description is not of a model, of another version, or of a layer that is not known
 */
export function graphFromDescription(description: unknown): Graph {
  const { format, version, seed, input: source, layers } = (description ?? {}) as Partial<GraphDescription>;
  if (format !== FORMAT) throw new FormatError('this JSON does not describe an Anke model');
  if (version !== VERSION)
    throw new FormatError(`this model has format version ${quoted(version)}; version ${VERSION} can be read`);
  if (!Array.isArray(layers)) throw new FormatError('this model has no list of layers');
  if (!isInput(source)) throw new FormatError(`this model's input is ${quoted(source)} instead of a name and a shape`);
  if (seed !== undefined && typeof seed !== 'number')
    throw new FormatError(`this model's seed is ${quoted(seed)} instead of a number`);
  const { name: inputName, shape: inputShape } = source;
  return graphFromLayers(layers as readonly LayerDescription[], {
    inputShape,
    inputName,
    ...(seed === undefined ? {} : { seed }),
  });
}

const isInput = (value: unknown): value is GraphDescription['input'] => {
  const { name, shape } = (value ?? {}) as Partial<GraphDescription['input']>;
  return typeof name === 'string' && Array.isArray(shape) && shape.every((side) => typeof side === 'number');
};

/** @throws FormatError if what stands for a layer has something else where text or a list of names is expected */
function checked(description: unknown): LayerDescription {
  const isObject = typeof description === 'object' && description !== null && !Array.isArray(description);
  if (!isObject) throw new FormatError(`${quoted(description)} stands where a layer is expected`);
  const { layer, name, type, inputs } = description as Record<string, unknown>;
  for (const [what, value] of Object.entries({ layer, name, type })) {
    if (value !== undefined && typeof value !== 'string')
      throw new FormatError(`a layer's ${what} is ${quoted(value)} instead of text`);
  }
  const areNames = Array.isArray(inputs) && inputs.every((input) => typeof input === 'string');
  if (inputs !== undefined && !areNames)
    throw new FormatError(`the inputs of layer ${quoted(name ?? type ?? layer)} are no list of names`);
  return description as LayerDescription;
}

/** Makes one node after the other. */
class Reader {
  last: Node;
  readonly #nodes: Map<string, Node>;
  readonly #layers = new Map<string, Layer>();
  readonly #namer = new Namer();

  constructor(readonly input: Node) {
    this.last = input;
    this.#nodes = new Map([[input.name ?? 'input', input]]);
  }

  /** Names of the nodes, without the input. */
  get names(): string[] {
    return [...this.#nodes.keys()].slice(1);
  }

  add(description: LayerDescription): void {
    const { layer: shared, name: given, inputs, type, ...options } = checked(description);
    const layer = shared === undefined ? this.#make(type, given, options) : this.#shared(shared, type);
    const name = shared === undefined ? this.#namer.nameFor(layer) : (given ?? `${shared}:2`);
    if (this.#nodes.has(name)) throw new ModelError(`two layers are named "${name}"`);
    const sources = inputs?.map((source) => this.#source(name, source)) ?? [this.last];
    if (shared === undefined) this.#layers.set(name, layer);
    this.last = connect(layer, sources, name);
    this.#nodes.set(name, this.last);
  }

  #make(type: string | undefined, name: string | undefined, options: object): Layer {
    if (type === undefined) throw new FormatError(`the layer ${quoted({ name, ...options })} has no type`);
    return makeLayer(type, { ...options, ...(name === undefined ? {} : { name }) });
  }

  #shared(name: string, type: string | undefined): Layer {
    const layer = this.#layers.get(name);
    if (type !== undefined)
      throw new FormatError(`a layer has both a type, "${type}", and a layer to share, "${name}"`);
    if (!layer) throw new FormatError(`a node shares layer "${name}", but no layer before it has that name`);
    return layer;
  }

  #source(name: string, source: string): Node {
    const node = this.#nodes.get(source);
    if (!node) throw new FormatError(`layer "${name}" has the input "${source}", but no layer before it has that name`);
    return node;
  }
}
