/**
 * A small golden run of our own: the kernels' CPU references train a narrow version of the notebook's CNN in float64.
 */
import type { Gpu } from '@anke/kernels';
import { initialValues, notebookCnn, type TensorEntry } from '@anke/nn';
import { Random } from '@anke/random';
import { type GoldenRun, goldenFrom, goldenName, OPTIMIZERS } from './golden-run.js';
import { referenceMachine, replay } from './replay.js';

const SIDE = 28;
const CLASSES = 10;
const BATCH = 6;
const STEPS = 10;

/** Images with a bright bar whose column depends on the label, in noise. */
function images(seed: number): { pixels: Uint8Array; labels: Int32Array } {
  const random = new Random(seed, 'golden images');
  const count = BATCH * STEPS;
  const labels = Int32Array.from({ length: count }, () => random.integer(CLASSES));
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
  const widths = { filters: [5, 9, 7], units: [17, 11, 9] } as const;
  const graph = notebookCnn(shape, { classes: CLASSES, widths, dropout: 0 });
  const shapes = new Map<string, readonly number[]>([['step1/logits', [BATCH, CLASSES]]]);
  for (const layer of graph.layers)
    for (const spec of layer.weights) {
      const weight = `${layer.name}/${spec.name}`;
      const name = goldenName(weight);
      for (const key of [`step1/grad/${name}`, `step1/${name}`, ...OPTIMIZERS.map((one) => `${one}/final/${name}`)])
        shapes.set(key, spec.shape);
      if (!spec.trainable) continue;
      const values = initialValues(spec.initializer, spec.shape, seed, weight);
      tensors.set(`init/${name}`, { type: 'F32', shape: spec.shape, values });
    }
  const start = { tensors, graph, batch: BATCH, steps: STEPS };
  for (const [name, values] of await replay(gpu, referenceMachine(gpu), start)) {
    const float32 = Float32Array.from(values);
    tensors.set(name, { type: 'F32', shape: shapes.get(name) ?? [float32.length], values: float32 });
  }
  return goldenFrom('the golden run made here', { tensors, metadata: {} });
}
