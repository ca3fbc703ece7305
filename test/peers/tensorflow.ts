/** TensorFlow.js in the comparison of `pnpm bench:peers`: the same model, as Anke exports it for its layers. */
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { toTensorFlowJs } from '../../packages/exchange/dist/index.js';
import type { Graph } from '../../packages/nn/dist/index.js';
import { firstWeights } from './models.js';
import { batchOf, type Peer } from './peer.js';

async function load(graph: Graph): Promise<layers.LayersModel> {
  const { json, weights } = toTensorFlowJs(graph, firstWeights(graph));
  const { modelTopology, weightsManifest } = JSON.parse(json);
  const weightData = new Uint8Array(weights).buffer;
  const artifacts = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
  return await layers.loadLayersModel(tf.io.fromMemory(artifacts));
}

/** TensorFlow.js's layers on its webgpu backend. */
export async function tensorflow(graph: Graph): Promise<Peer> {
  await tf.setBackend('webgpu');
  await tf.ready();
  const imagesOf = (batch: number): tf.Tensor =>
    tf.tensor(batchOf(batch, graph.inputShape).images, [batch, ...graph.inputShape]);
  return {
    name: 'TensorFlow.js',
    trainer: async (batch) => {
      const { labels } = batchOf(batch, graph.inputShape);
      const net = await load(graph);
      net.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy' });
      const x = imagesOf(batch);
      const y = tf.oneHot(tf.tensor1d(Array.from(labels), 'int32'), 10);
      return async () => {
        await net.trainOnBatch(x, y); // brings the loss to the host, and so waits for the device
      };
    },
    predictor: async (batch) => {
      const net = await load(graph);
      const x = imagesOf(batch);
      return async () => {
        const y = net.predictOnBatch(x) as tf.Tensor;
        await y.data();
        y.dispose();
      };
    },
  };
}
