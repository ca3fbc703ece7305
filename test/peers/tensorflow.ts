/** TensorFlow.js in the comparison of `pnpm bench:peers`: the same network, written with its layers. */
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { batchOf, CONVOLUTIONS, DENSE, type Peer } from './peer.js';

function model(): layers.Sequential {
  const net = layers.sequential();
  CONVOLUTIONS.forEach(([kernelSize, , , filters], i) => {
    net.add(
      layers.layers.conv2d({
        filters,
        kernelSize,
        activation: 'relu',
        ...(i === 0 ? { inputShape: [28, 28, 1] } : {}),
      }),
    );
    net.add(layers.layers.batchNormalization({}));
    if (i !== 1) net.add(layers.layers.maxPooling2d({ poolSize: 2 }));
  });
  net.add(layers.layers.flatten());
  DENSE.forEach(([, units], i) => {
    const kernelRegularizer = i < 2 ? { kernelRegularizer: layers.regularizers.l2({ l2: 0.01 }) } : {};
    net.add(layers.layers.dense({ units, activation: i < 3 ? 'relu' : 'softmax', ...kernelRegularizer }));
    if (i < 2) net.add(layers.layers.dropout({ rate: 0.5 }));
  });
  net.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy' });
  return net;
}

/** TensorFlow.js's layers on its webgpu backend. */
export async function tensorflow(): Promise<Peer> {
  await tf.setBackend('webgpu');
  await tf.ready();
  return {
    name: 'TensorFlow.js',
    trainer: async (batch) => {
      const { images, labels } = batchOf(batch);
      const net = model();
      const x = tf.tensor4d(images, [batch, 28, 28, 1]);
      const y = tf.oneHot(tf.tensor1d(Array.from(labels), 'int32'), 10);
      return async () => {
        await net.trainOnBatch(x, y); // brings the loss to the host, and so waits for the device
      };
    },
    predictor: async (batch) => {
      const net = model();
      const x = tf.tensor4d(batchOf(batch).images, [batch, 28, 28, 1]);
      return async () => {
        const y = net.predictOnBatch(x) as tf.Tensor;
        await y.data();
        y.dispose();
      };
    },
  };
}
