/** Programs that read what Anke writes, and what they predict with it. Only where they are installed. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Gpu } from '@anke/kernels';
import { type Graph, type Samples, sizeOf, type WeightValues } from '@anke/nn';
import { expect } from 'vitest';
import { toOnnx, toTensorFlowJs } from '../index.js';
import { predictions, randomImages } from './models.js';

const readers = join(import.meta.dirname, '../../../../test/readers');
export const installed = existsSync(join(readers, 'node_modules'));
if (!installed) console.warn('test/readers is not installed (npm test does it): models are not read by other programs');
const load = createRequire(join(readers, 'package.json'));

const BOUND = 1e-5;

const countOf = ({ pixels, shape }: Samples): number => pixels.length / sizeOf(shape);
const scaled = ({ pixels, rescale = 1 }: Samples): Float32Array =>
  Float32Array.from(pixels, (pixel) => pixel * rescale);

type Weights = ReadonlyMap<string, WeightValues>;
export type Reader = (graph: Graph, weights: Weights, samples: Samples) => Promise<ArrayLike<number>>;

export const onnxruntime: Reader = async (graph, weights, samples) => {
  const { InferenceSession, Tensor } = load('onnxruntime-node');
  const session = await InferenceSession.create(await toOnnx(graph, weights));
  expect([session.inputNames, session.outputNames]).toEqual([['images'], ['probabilities']]);
  const images = new Tensor('float32', scaled(samples), [countOf(samples), ...graph.inputShape]);
  return (await session.run({ images })).probabilities.data;
};

export const tensorFlowJs: Reader = async (graph, weights, samples) => {
  const tf = load('@tensorflow/tfjs-core');
  const { loadLayersModel } = load('@tensorflow/tfjs-layers');
  const wasm = load('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(load.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  const { json, weights: bytes } = toTensorFlowJs(graph, weights);
  const { modelTopology, weightsManifest } = JSON.parse(json);
  const weightSpecs = weightsManifest[0].weights;
  const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: bytes.buffer }));
  return model.predict(tf.tensor(scaled(samples), [countOf(samples), ...graph.inputShape])).data();
};

/** Expects a reader to predict for some images what Anke does. */
export async function compare(
  gpu: Gpu,
  read: Reader,
  graph: Graph,
  { images, weights }: { readonly images: number; readonly weights: Weights },
): Promise<void> {
  const samples = randomImages(graph, images);
  const expected = await predictions(gpu, graph, weights, samples);
  const got = await read(graph, weights, samples);
  expect(got.length).toBe(expected.length);
  // Images that all are the same to a model would prove nothing.
  expect(new Set(expected.map((value) => Math.round(value * 1e4))).size).toBeGreaterThan(images);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] as number))), 0);
  expect(worst).toBeLessThan(BOUND);
}
