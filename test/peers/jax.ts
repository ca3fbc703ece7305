/** jax-js in the comparison of `pnpm bench:peers`: the same model, written with its functions (jax-layers.ts). */
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { describeGraph, type Graph } from '../../packages/nn/dist/index.js';
import { layer, type Weights } from './jax-layers.js';
import { firstWeights } from './models.js';
import { batchOf, type Peer } from './peer.js';

/** Weights as jax-js takes them: kernels (out, in, h, w), vectors of channels with the axes of images around them. */
function weightsOf(graph: Graph): Weights {
  const convolutions = new Set(graph.layers.filter(({ layer: { type } }) => type !== 'Dense').map(({ name }) => name));
  const all: Weights = {};
  for (const [name, { shape, values }] of firstWeights(graph)) {
    const [owner = '', weight = ''] = [name.slice(0, name.lastIndexOf('/')), name.slice(name.lastIndexOf('/') + 1)];
    if (weight.startsWith('moving')) continue;
    const plain = np.array(new Float32Array(values)).reshape(shape);
    if (shape.length === 4) {
      // (h, w, in, multiplier) of a depthwise kernel is (in · multiplier, 1, h, w) to jax-js.
      const isDepthwise = graph.layers.find((one) => one.name === owner)?.layer.type === 'DepthwiseConv2D';
      const [h = 0, w = 0, ci = 0, co = 0] = shape;
      all[name] = isDepthwise
        ? plain.reshape([h, w, 1, ci * co]).transpose([3, 2, 0, 1])
        : plain.transpose([3, 2, 0, 1]);
    } else all[name] = shape.length === 1 && convolutions.has(owner) ? plain.reshape([1, -1, 1, 1]) : plain;
  }
  return all;
}

/** The model's logits, as a function of its weights and images. */
function logitsOf(graph: Graph): (weights: Weights, images: np.Array) => np.Array {
  const { input, layers } = describeGraph(graph);
  const fedBy = layers.map(({ inputs }, i) => inputs ?? [i === 0 ? input.name : String(layers[i - 1]?.name)]);
  return (weights, images) => {
    const uses = new Map<string, number>();
    for (const name of fedBy.flat()) uses.set(name, (uses.get(name) ?? 0) + 1);
    const values = new Map([[input.name, images]]);
    // The last use of a value takes it over.
    const take = (name: string): np.Array => {
      const left = (uses.get(name) as number) - 1;
      uses.set(name, left);
      const value = values.get(name) as np.Array;
      return left > 0 ? value.ref : value;
    };
    layers.forEach((options, i) => {
      const inputs = (fedBy[i] as readonly string[]).map(take);
      const weight = (name: string): np.Array => (weights[`${options.name}/${name}`] as np.Array).ref;
      values.set(String(options.name), layer(options, inputs, weight));
    });
    return values.get(String(layers.at(-1)?.name)) as np.Array;
  };
}

type State = { p: Weights; m: Weights; v: Weights };

/** jax-js on its webgpu backend. */
export async function jax(graph: Graph): Promise<Peer> {
  await init('webgpu');
  defaultDevice('webgpu');
  const [height = 0, width = 0, channels = 0] = graph.inputShape;
  const imagesOf = (batch: number): np.Array =>
    np.array(batchOf(batch, graph.inputShape).images).reshape([batch, height, width, channels]).transpose([0, 3, 1, 2]);
  const logits = logitsOf(graph);
  const penalized = graph.layers.flatMap((one) =>
    one.layer.type === 'Dense' && 'kernelRegularizer' in one.layer.options ? [`${one.name}/kernel`] : [],
  );

  const loss = (p: Weights, images: np.Array, labels: np.Array): np.Array => {
    let total = np.mean(np.sum(nn.logSoftmax(logits(p, images)).mul(labels), -1)).mul(-1);
    for (const name of penalized) total = total.add(np.sum(np.square((p[name] as np.Array).ref)).mul(0.01));
    tree.dispose(p);
    return total;
  };

  /** One training step with Adam, as one jit. The bias corrections are left out: a few numbers a step. */
  const step = jit((state: State, images: np.Array, labels: np.Array): State => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(state.p), images, labels);
    (value as np.Array).dispose();
    const next: State = { p: {}, m: {}, v: {} };
    for (const name of Object.keys(state.p)) {
      const g = (gradients as Weights)[name] as np.Array;
      const m = (state.m[name] as np.Array).mul(0.9).add(g.ref.mul(0.1));
      const v = (state.v[name] as np.Array).mul(0.999).add(np.square(g).mul(0.001));
      next.p[name] = (state.p[name] as np.Array).sub(m.ref.div(np.sqrt(v.ref).add(1e-7)).mul(0.001));
      next.m[name] = m;
      next.v[name] = v;
    }
    return next;
  });

  const predict = jit((p: Weights, images: np.Array): np.Array => {
    const y = nn.softmax(logits(p, images), -1);
    tree.dispose(p);
    return y;
  });

  return {
    name: 'jax-js',
    trainer: async (batch) => {
      const images = imagesOf(batch);
      const oneHot = new Float32Array(batch * 10);
      batchOf(batch, graph.inputShape).labels.forEach((label, i) => {
        oneHot[i * 10 + label] = 1;
      });
      const labels = np.array(oneHot).reshape([batch, 10]);
      const zeros = (): Weights => tree.map((x: np.Array) => np.zerosLike(x), weightsOf(graph));
      let state: State = { p: weightsOf(graph), m: zeros(), v: zeros() };
      return async () => {
        state = step(state, images.ref, labels.ref) as State;
        // One of the outputs stands for all: they are computed together, and waiting for each takes seconds.
        await blockUntilReady(Object.values(state.p)[0] as np.Array);
      };
    },
    predictor: async (batch) => {
      const images = imagesOf(batch);
      const p = weightsOf(graph);
      return async () => {
        await (predict(tree.ref(p), images.ref) as np.Array).data();
      };
    },
  };
}
