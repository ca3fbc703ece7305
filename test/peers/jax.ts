/** jax-js in the comparison of `pnpm bench:peers`: the same network, written with its functions. */
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { batchOf, CONVOLUTIONS, DENSE, type Peer } from './peer.js';

type Weights = { [name: string]: np.Array };

/** NCHW, as jax-js expects it. Values do not matter for the time, as long as nothing overflows. */
function weights(): Weights {
  const all: Weights = {};
  const noise = (shape: number[]): np.Array => {
    const length = shape.reduce((a, b) => a * b);
    const fan = length / (shape[0] as number);
    return np
      .array(Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1)) / Math.sqrt(fan)))
      .reshape(shape);
  };
  CONVOLUTIONS.forEach(([kh, kw, ci, co], i) => {
    all[`w${i}`] = noise([co, ci, kh, kw]);
    all[`b${i}`] = np.zeros([1, co, 1, 1]);
    all[`gamma${i}`] = np.ones([1, co, 1, 1]);
    all[`beta${i}`] = np.zeros([1, co, 1, 1]);
  });
  DENSE.forEach(([fanIn, fanOut], i) => {
    all[`k${i}`] = noise([fanOut, fanIn]).transpose();
    all[`c${i}`] = np.zeros([fanOut]);
  });
  return all;
}

/** The largest of each 2 × 2; an odd last row and column are left out. */
function pool(x: np.Array): np.Array {
  const [n = 0, c = 0, h = 0, w = 0] = x.shape;
  const even = h % 2 === 0 ? x : x.slice([], [], [0, h - 1], [0, w - 1]);
  return np.max(even.reshape([n, c, Math.floor(h / 2), 2, Math.floor(w / 2), 2]), [3, 5]);
}

/** Without dropout, to its advantage; moving averages are left out for the same reason. */
function logits(p: Weights, images: np.Array): np.Array {
  let x = images;
  CONVOLUTIONS.forEach((_, i) => {
    x = nn.relu(lax.conv(x, (p[`w${i}`] as np.Array).ref, [1, 1], 'VALID').add((p[`b${i}`] as np.Array).ref));
    const mean = np.mean(x.ref, [0, 2, 3], { keepdims: true });
    const centered = x.sub(mean);
    const variance = np.mean(np.square(centered.ref), [0, 2, 3], { keepdims: true });
    const normal = centered.div(np.sqrt(variance.add(1e-3)));
    x = normal.mul((p[`gamma${i}`] as np.Array).ref).add((p[`beta${i}`] as np.Array).ref);
    if (i !== 1) x = pool(x);
  });
  x = x.reshape([x.shape[0] as number, 576]);
  DENSE.forEach((_, i) => {
    x = np.matmul(x, (p[`k${i}`] as np.Array).ref).add((p[`c${i}`] as np.Array).ref);
    if (i < DENSE.length - 1) x = nn.relu(x);
  });
  return x;
}

function loss(p: Weights, images: np.Array, labels: np.Array): np.Array {
  const entropy = np.mean(np.sum(nn.logSoftmax(logits(p, images)).mul(labels), -1)).mul(-1);
  const penalty = np.sum(np.square((p['k0'] as np.Array).ref)).add(np.sum(np.square((p['k1'] as np.Array).ref)));
  const total = entropy.add(penalty.mul(0.01));
  tree.dispose(p);
  return total;
}

type State = { p: Weights; m: Weights; v: Weights };

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

/** jax-js on its webgpu backend. */
export async function jax(): Promise<Peer> {
  await init('webgpu');
  defaultDevice('webgpu');
  const imagesOf = (batch: number): np.Array => np.array(batchOf(batch).images).reshape([batch, 1, 28, 28]);
  return {
    name: 'jax-js',
    trainer: async (batch) => {
      const images = imagesOf(batch);
      const oneHot = new Float32Array(batch * 10);
      batchOf(batch).labels.forEach((label, i) => {
        oneHot[i * 10 + label] = 1;
      });
      const labels = np.array(oneHot).reshape([batch, 10]);
      const zeros = (): Weights => tree.map((x: np.Array) => np.zerosLike(x), weights());
      let state: State = { p: weights(), m: zeros(), v: zeros() };
      return async () => {
        state = step(state, images.ref, labels.ref) as State;
        await blockUntilReady(state);
      };
    },
    predictor: async (batch) => {
      const images = imagesOf(batch);
      const p = weights();
      return async () => {
        await (predict(tree.ref(p), images.ref) as np.Array).data();
      };
    },
  };
}
