/**
 * A small golden run of our own: the kernels' CPU references train a narrow version of the notebook's CNN in float64.
 */
import type { Gpu } from '@anke/kernels';
import { initialValues, type TensorEntry } from '@anke/nn';
import { Random } from '@anke/random';
import { type NotebookWidths, notebookModel } from '../recipe/notebook.js';
import { type GoldenRun, goldenFrom, goldenName, OPTIMIZERS } from './golden-run.js';
import { referenceMachine, replay } from './replay.js';

const SIDE = 28;
const WIDTHS: NotebookWidths = { filters: [5, 9, 7], units: [17, 11, 9], classes: 10 };
const BATCH = 6;
const STEPS = 10;

/** Images with a bright bar whose position depends on the label, in noise. */
function images(seed: number): { pixels: Uint8Array; labels: Int32Array } {
  const random = new Random(seed, 'golden images');
  const count = BATCH * STEPS;
  const labels = Int32Array.from({ length: count }, () => random.integer(WIDTHS.classes));
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE }, (_, i) => {
    const label = labels[Math.floor(i / (SIDE * SIDE))] as number;
    const column = i % SIDE;
    return Math.floor(column / 2) === label + 2 ? 200 + random.integer(56) : random.integer(60);
  });
  return { pixels, labels };
}

export async function makeGolden(gpu: Gpu, seed: number): Promise<GoldenRun> {
  const tensors = new Map<string, TensorEntry>();
  const { pixels, labels } = images(seed);
  const shape = [SIDE, SIDE, 1];
  tensors.set('images', { type: 'U8', shape: [BATCH * STEPS, ...shape], values: pixels });
  tensors.set('labels', { type: 'I32', shape: [BATCH * STEPS], values: labels });
  const specs = notebookModel(shape, { seed, dropout: 0, widths: WIDTHS }).layers.flatMap((layer) =>
    layer.weights.map((spec) => ({ name: `${layer.name}/${spec.name}`, spec })),
  );
  for (const { name, spec } of specs) {
    if (!spec.trainable) continue;
    const values = initialValues(spec.initializer, spec.shape, seed, name);
    tensors.set(`init/${goldenName(name)}`, { type: 'F32', shape: spec.shape, values });
  }
  const start = { tensors, shape, batch: BATCH, steps: STEPS, widths: WIDTHS };
  const shapes = new Map<string, readonly number[]>([['step1/logits', [BATCH, WIDTHS.classes]]]);
  for (const optimizer of OPTIMIZERS) shapes.set(`${optimizer}/losses`, [STEPS]);
  for (const [name, values] of await replay(gpu, referenceMachine(gpu), start)) {
    tensors.set(name, { type: 'F32', shape: shapes.get(name) ?? [values.length], values: Float32Array.from(values) });
  }
  return goldenFrom('the golden run made here', tensors);
}
