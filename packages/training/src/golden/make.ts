/**
 * A small golden run of our own: the kernels' CPU references train a narrow version of the notebook's CNN in float64.
 * Its images are drawn anew until the first step keeps off every edge: no rounding decides there which way it goes.
 */
import { EPSILON, type Gpu } from '@anke/kernels';
import { type Graph, initialValues, notebookCnn, type TensorEntry } from '@anke/nn';
import { Random } from '@anke/random';
import { GoldenError } from '../errors.js';
import { compare } from './compare.js';
import { EdgeExecutor } from './edges.js';
import { type GoldenRun, goldenName } from './golden-run.js';
import { replay, withSession } from './replay.js';
import { type GoldenStart, referenceMachine, Track } from './track.js';

const SIDE = 28;
const CLASSES = 10;
const BATCH = 6;
const STEPS = 10;

/** Images with a bright bar whose column depends on the label, in noise. */
function images(seed: number, draw: number): { pixels: Uint8Array; labels: Int32Array } {
  const random = new Random(seed, `golden images ${draw}`);
  const count = BATCH * STEPS;
  const labels = Int32Array.from({ length: count }, () => random.integer(CLASSES));
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE }, (_, i) => {
    const label = labels[Math.floor(i / (SIDE * SIDE))] as number;
    const column = i % SIDE;
    return Math.floor(column / 2) === label + 2 ? 200 + random.integer(56) : random.integer(60);
  });
  return { pixels, labels };
}

const SHAPE = [SIDE, SIDE, 1];

/** Images, labels and first weights. */
function start(graph: Graph, seed: number, draw: number): GoldenStart {
  const { pixels, labels } = images(seed, draw);
  const tensors = new Map<string, TensorEntry>([
    ['images', { type: 'U8', shape: [BATCH * STEPS, ...SHAPE], values: pixels }],
    ['labels', { type: 'I32', shape: [BATCH * STEPS], values: labels }],
  ]);
  for (const layer of graph.layers)
    for (const { name, shape, initializer, trainable } of layer.weights) {
      const weight = `${layer.name}/${name}`;
      if (!trainable) continue;
      const values = initialValues(initializer, shape, seed, weight);
      tensors.set(`init/${goldenName(weight)}`, { type: 'F32', shape, values });
    }
  return { tensors, graph, batch: BATCH, steps: STEPS };
}

/** Decisions of the first step that rounding might change. */
const edgesOf = (gpu: Gpu, golden: GoldenStart): Promise<number> =>
  withSession(gpu, golden, 'sgd', async (session) => {
    const executor = new EdgeExecutor(gpu, golden.batch);
    const track = await Track.start(session, referenceMachine(gpu, executor), golden);
    await track.step();
    track.destroy();
    return executor.near().length;
  });

const MOST_DRAWS = 100;

/** The weights of a run's start, each moved by up to a unit in its last place. */
function moved(golden: GoldenStart, seed: number): GoldenStart {
  const random = new Random(seed, 'last places');
  const tensors = [...golden.tensors].map(([name, entry]): [string, TensorEntry] => {
    if (!name.startsWith('init/')) return [name, entry];
    const values = Float32Array.from(entry.values, (value) => value * (1 + (2 * random.uniform() - 1) * EPSILON));
    return [name, { ...entry, values } as TensorEntry];
  });
  return { ...golden, tensors: new Map(tensors) };
}

/**
 * A whole golden run from its start, trained by the references. `float32` is what the first step changes by when the
 * first weights are rounded otherwise. Later steps have no such figure: Adam divides a gradient by its own size, so
 * that one which is nothing but rounding moves its weight as far as any other.
 */
export async function completed(gpu: Gpu, golden: GoldenStart, seed: number): Promise<GoldenRun> {
  const results = await replay(gpu, referenceMachine(gpu), golden);
  const tensors = new Map(golden.tensors);
  for (const [name, values] of results)
    tensors.set(name, { type: 'F32', shape: [values.length], values: Float32Array.from(values) });
  const others = await replay(gpu, referenceMachine(gpu), moved(golden, seed));
  const ofFirstStep = compare({ tensors }, others).filter(({ tensor }) => tensor.startsWith('step1/'));
  const float32 = Object.fromEntries(ofFirstStep.map(({ group, error }) => [group.toLowerCase(), error]));
  return { ...golden, tensors, float32 };
}

export async function makeGolden(gpu: Gpu, seed: number): Promise<GoldenRun> {
  const widths = { filters: [5, 9, 7], units: [17, 11, 9] } as const;
  const graph = notebookCnn(SHAPE, { classes: CLASSES, widths, dropout: 0 });
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const golden = start(graph, seed, draw);
    if ((await edgesOf(gpu, golden)) === 0) return completed(gpu, golden, seed);
  }
  throw new GoldenError(`none of ${MOST_DRAWS} draws of images keeps off the edges`);
}
