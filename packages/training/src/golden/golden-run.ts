/**
 * A golden run: images, first weights, and what some steps of training by Adam and by SGD must make of them. It is a
 * safetensors file with these tensors, where <weight> is like `conv1.kernel`:
 *
 *   images, labels · init/<weight> · step1/logits · step1/grad/<weight> · step1/<moving average>
 *   <optimizer>/losses · <optimizer>/final/<weight or average> · <optimizer>/eval_logits     (optimizer: adam, sgd)
 *
 * Its metadata may hold, as JSON, `layers`: the network, a list as in a recipe (without it, it is the notebook's CNN at
 * widths that the weights tell); and `float32`: how far float32 itself may be from the run, by groups of tensors
 * (`compare.ts`).
 */
import {
  FormatError,
  type Graph,
  graphFromLayers,
  type LayerDescription,
  ModelError,
  notebookCnn,
  readSafetensors,
  type Safetensors,
  ShapeError,
  type TensorEntry,
} from '@anke/nn';
import { GoldenError, RecipeError } from '../errors.js';
import { checkLayers } from '../recipe/check.js';

export const OPTIMIZERS = ['adam', 'sgd'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

export interface GoldenRun {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly graph: Graph;
  readonly batch: number;
  readonly steps: number;
  /** Relative errors that float32 may have, by group; absent if the file does not tell. */
  readonly float32?: Readonly<Record<string, number>>;
}

/** The golden file's name of a weight: a dot where the model has a slash. */
export const goldenName = (weight: string): string => weight.replace('/', '.');

/** @throws GoldenError if the bytes hold no golden run */
export async function readGolden(source: string, bytes: Uint8Array): Promise<GoldenRun> {
  try {
    return await goldenFrom(source, readSafetensors(bytes));
  } catch (error) {
    if (error instanceof RecipeError) throw new GoldenError(error.message);
    const isExpected = [FormatError, ModelError, ShapeError].some((kind) => error instanceof kind);
    if (isExpected) throw new GoldenError(`${source}: ${(error as Error).message}`);
    throw error;
  }
}

export async function goldenFrom(source: string, { tensors, metadata }: Safetensors): Promise<GoldenRun> {
  const shapeOf = (name: string): readonly number[] => {
    const tensor = tensors.get(name);
    if (!tensor) throw new GoldenError(`${source}: this is no golden run: the tensor "${name}" is missing`);
    return tensor.shape;
  };
  for (const [name, { values }] of tensors) {
    const broken = Array.prototype.findIndex.call(values, (value) => !Number.isFinite(Number(value)));
    if (broken >= 0) throw new GoldenError(`${source}: the tensor "${name}" is ${values[broken]} at index ${broken}`);
  }
  const images = shapeOf('images');
  const [batch = 0, classes = 0] = shapeOf('step1/logits');
  const [steps = 0] = shapeOf('adam/losses');
  if (images.length !== 4 || (images[0] as number) < batch * steps || batch * steps === 0) {
    throw new GoldenError(
      `${source}: ${steps} steps of ${batch} images need as many images, but "images" has shape (${images.join(', ')})`,
    );
  }
  const inputShape = images.slice(1);
  const given = json(source, metadata, 'layers', Array.isArray) as LayerDescription[] | undefined;
  const layers = given?.map(asTrained);
  const width = (layer: string): number => shapeOf(`init/${layer}.bias`)[0] ?? 0;
  // An option that is not known would be left out, and the network would be another one: so each is checked.
  if (layers) await checkLayers(layers, source);
  const graph = layers
    ? graphFromLayers(layers, { inputShape, seed: 0 })
    : notebookCnn(inputShape, {
        classes,
        dropout: 0,
        widths: {
          filters: [width('conv1'), width('conv2'), width('conv3')],
          units: [width('dense1'), width('dense2'), width('dense3')],
        },
      });
  for (const [name, shape] of expectedTensors(graph)) checkShape(source, name, shapeOf(name), shape);
  const float32 = json(source, metadata, 'float32', isRecordOfNumbers) as GoldenRun['float32'];
  return { tensors, graph, batch, steps, ...(float32 ? { float32 } : {}) };
}

/** A layer as it was trained: dropout is off, and every layer calls its penalty `kernelRegularizer`. */
function asTrained(layer: LayerDescription): LayerDescription {
  if (layer?.type === 'Dropout') return { ...layer, rate: 0 };
  if (layer?.type !== 'DepthwiseConv2D' || !layer['kernelRegularizer']) return layer;
  const { kernelRegularizer, ...rest } = layer;
  return { ...rest, depthwiseRegularizer: kernelRegularizer };
}

const isRecordOfNumbers = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'number');

/** What the metadata holds under a name as JSON; undefined if it is absent. */
function json(
  source: string,
  metadata: Safetensors['metadata'],
  name: string,
  isExpected: (value: unknown) => boolean,
): unknown {
  const text = metadata[name];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(String(text));
    if (isExpected(value)) return value;
  } catch {
    // The error below says it.
  }
  throw new GoldenError(`${source}: the metadata's "${name}" is not the JSON that a golden run has there`);
}

function checkShape(source: string, name: string, found: readonly number[], expected: readonly number[] | undefined) {
  if (expected && found.join() !== expected.join())
    throw new GoldenError(
      `${source}: the tensor "${name}" has shape (${found.join(', ')}), but the network's is (${expected.join(', ')})`,
    );
}

/** Every tensor that a run of a network must hold, with its shape where the network tells it. */
function expectedTensors({ layers }: Graph): [name: string, shape: readonly number[] | undefined][] {
  const weights = layers.flatMap((layer) =>
    layer.weights.map(({ name, shape, trainable }) => ({ name: `${layer.name}.${name}`, shape, trainable })),
  );
  return [
    ['labels', undefined],
    ...weights.flatMap(({ name, shape, trainable }): [string, readonly number[]][] =>
      trainable
        ? [
            [`init/${name}`, shape],
            [`step1/grad/${name}`, shape],
          ]
        : [[`step1/${name}`, shape]],
    ),
    ...OPTIMIZERS.flatMap((optimizer): [string, readonly number[] | undefined][] => [
      [`${optimizer}/losses`, undefined],
      [`${optimizer}/eval_logits`, undefined],
      ...weights.map(({ name, shape }): [string, readonly number[]] => [`${optimizer}/final/${name}`, shape]),
    ]),
  ];
}
