/** If these failed, a recipe could not say what a layer takes, or would say what it does not take. */
import { graphFromLayers, type LayerDescription } from '@anke/nn';
import { expect, test } from 'vitest';
import { checkLayers } from './check.js';

const LAYERS: readonly LayerDescription[] = [
  { type: 'UpSampling2D', size: [1, 2], interpolation: 'bilinear' },
  { type: 'GaussianNoise', stddev: 0.1 },
  {
    ...{ type: 'SeparableConv2D', filters: 4, kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 2 },
    ...{ useBias: false, depthwiseRegularizer: { l2: 0.1 }, pointwiseRegularizer: { l1: 0.2 }, activation: 'silu' },
    ...{ depthwiseInitializer: 'heNormal', pointwiseInitializer: 'zeros' },
  },
  {
    ...{ type: 'LayerNormalization', name: 'norm', epsilon: 0.01, center: false, scale: true },
    ...{ gammaInitializer: 'randomUniform', gammaRegularizer: { l2: 0.1 } },
    ...{ betaInitializer: 'ones', betaRegularizer: { l1: 0.2 } },
  },
  { type: 'ELU', alpha: 0.5 },
  { type: 'GELU', approximate: true },
  { type: 'SpatialDropout2D', name: 'dropped', rate: 0.2 },
  { type: 'GlobalMaxPooling2D' },
  { type: 'Dense', units: 4, activation: 'sigmoid' },
  { type: 'Reshape', name: 'gate', targetShape: [1, -1, 4] },
  { type: 'Multiply', name: 'gated', inputs: ['dropped', 'gate'] },
  { type: 'Average', inputs: ['norm', 'gated'] },
  { type: 'LeakyReLU', negativeSlope: 0.1 },
];

test('layers of a recipe are what they say', async () => {
  const graph = graphFromLayers(await checkLayers(LAYERS, 'a'), { inputShape: [6, 4, 3] });
  expect(graph.output.shape).toEqual([3, 4, 4]);
  const options = graph.nodes.map(({ layer: { type, options } }) => ({ type, ...options }));
  expect(options).toMatchObject(LAYERS.map(({ inputs: _, ...layer }) => layer));
});

test.each<[LayerDescription, string]>([
  [{ type: 'Reshape', targetShape: [0] }, 'layers[0].targetShape[0]'],
  [{ type: 'GaussianNoise' }, 'layers[0].stddev: it is missing'],
  [{ type: 'ELU', alfa: 1 }, 'did you mean "alpha"?'],
  [
    { type: 'Dense', units: 1, activation: 'geluu' },
    'layers[0].activation: Invalid option: expected one of "linear"|"relu"',
  ],
])('%o', async (layer, message) => {
  await expect(checkLayers([layer], 'a')).rejects.toThrow(message);
});
