/**
 * A golden run: images, first weights and what ten steps of training by Adam and by SGD must make of them. It is a
 * safetensors file with these tensors, where <weight> is like `conv1.kernel`:
 *
 *   images, labels · init/<weight> · step1/logits · step1/grad/<weight> · step1/<moving average>
 *   <optimizer>/losses · <optimizer>/final/<weight or average> · <optimizer>/eval_logits     (optimizer: adam, sgd)
 */
import { decodeSafetensors, FormatError, type TensorEntry } from '@anke/nn';
import { GoldenError } from '../errors.js';
import { type NotebookWidths, notebookModel } from '../recipe/notebook.js';

export const OPTIMIZERS = ['adam', 'sgd'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

export interface GoldenRun {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly shape: readonly number[];
  readonly batch: number;
  readonly steps: number;
  readonly widths: NotebookWidths;
}

/** The golden file's name of a weight: a dot where the model has a slash. */
export const goldenName = (weight: string): string => weight.replace('/', '.');

/** @throws GoldenError if the bytes hold no golden run of the notebook's CNN */
export function readGolden(source: string, bytes: Uint8Array): GoldenRun {
  let tensors: Map<string, TensorEntry>;
  try {
    tensors = decodeSafetensors(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw new GoldenError(`${source}: ${error.message}`);
    throw error;
  }
  return goldenFrom(source, tensors);
}

export function goldenFrom(source: string, tensors: ReadonlyMap<string, TensorEntry>): GoldenRun {
  const shapeOf = (name: string): readonly number[] => {
    const tensor = tensors.get(name);
    if (!tensor) throw new GoldenError(`${source}: this is no golden run: the tensor "${name}" is missing`);
    return tensor.shape;
  };
  const images = shapeOf('images');
  const [batch = 0, classes = 0] = shapeOf('step1/logits');
  const [steps = 0] = shapeOf('adam/losses');
  const width = (layer: string): number => shapeOf(`init/${layer}.bias`)[0] ?? 0;
  const widths: NotebookWidths = {
    filters: [width('conv1'), width('conv2'), width('conv3')],
    units: [width('dense1'), width('dense2'), width('dense3')],
    classes,
  };
  if (images.length !== 4 || (images[0] as number) < batch * steps || batch * steps === 0) {
    throw new GoldenError(
      `${source}: ${steps} steps of ${batch} images need as many images, but "images" has shape (${images.join(', ')})`,
    );
  }
  const golden = { tensors, shape: images.slice(1), batch, steps, widths };
  for (const name of expectedTensors(golden)) shapeOf(name);
  return golden;
}

/** Every tensor that a run of this form must hold. */
function expectedTensors({ shape, widths }: GoldenRun): string[] {
  const weights = notebookModel(shape, { seed: 0, dropout: 0, widths }).layers.flatMap((layer) =>
    layer.weights.map((spec) => ({ name: `${layer.name}.${spec.name}`, trainable: spec.trainable })),
  );
  const trained = weights.filter(({ trainable }) => trainable).map(({ name }) => name);
  const moving = weights.filter(({ trainable }) => !trainable).map(({ name }) => name);
  return [
    'labels',
    ...trained.flatMap((name) => [`init/${name}`, `step1/grad/${name}`]),
    ...moving.map((name) => `step1/${name}`),
    ...OPTIMIZERS.flatMap((optimizer) => [
      `${optimizer}/losses`,
      `${optimizer}/eval_logits`,
      ...weights.map(({ name }) => `${optimizer}/final/${name}`),
    ]),
  ];
}
