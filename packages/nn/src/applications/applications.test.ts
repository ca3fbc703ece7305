/** Models of `keras.applications`: if these failed, weights that Keras has trained would not fit them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModelError } from '../errors.js';
import { readSafetensors } from '../files/safetensors.js';
import { describeGraph, type LayerDescription } from '../graph/description.js';
import { Graph } from '../graph/graph.js';
import { input } from '../graph/node.js';
import { countParameters } from '../graph/summary.js';
import { Dense } from '../layers/dense.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { type MobileNetV2Options, mobileNetV2, preprocessMobileNetV2 } from './mobilenet-v2.js';
import { vgg16 } from './vgg16.js';

const golden = join(import.meta.dirname, '../../../../../shared/golden');
const isGolden = existsSync(golden);
if (!isGolden)
  console.warn(`${golden} is not there: the graphs are not compared with the golden runs' lists of layers`);

/** A golden run's layers, with the defaults left out that our descriptions leave out too. */
function goldenLayers(name: string): LayerDescription[] {
  const { metadata } = readSafetensors(readFileSync(join(golden, `${name}.safetensors`)));
  return JSON.parse(metadata['layers'] as string);
}

const parameters = (graph: Graph): number => countParameters(graph.layers).total;

/** Of Keras 3: `model.count_params()`. */
test.each<[MobileNetV2Options, number]>([
  [{}, 3_538_984],
  [{ alpha: 1.4 }, 6_156_712],
  [{ alpha: 0.35, classes: 10, inputShape: [64, 64, 3] }, 423_018],
  [{ includeTop: false }, 2_257_984],
  [{ alpha: 0.35, includeTop: false, pooling: 'avg', inputShape: [96, 96, 3] }, 410_208],
])('MobileNetV2 with %o has %i parameters', (options, count) => {
  expect(parameters(mobileNetV2(options))).toBe(count);
});

test('VGG16 has 138,357,544 parameters, and 14,714,688 without its top', () => {
  expect(parameters(vgg16())).toBe(138_357_544);
  expect(parameters(vgg16({ includeTop: false }))).toBe(14_714_688);
});

describe('layers', () => {
  const names = (graph: Graph): string[] => graph.layers.map(({ name }) => name);

  test('names are Keras’s', () => {
    expect(names(mobileNetV2()).slice(0, 12)).toEqual([
      'Conv1',
      'bn_Conv1',
      'Conv1_relu',
      'expanded_conv_depthwise',
      'expanded_conv_depthwise_BN',
      'expanded_conv_depthwise_relu',
      'expanded_conv_project',
      'expanded_conv_project_BN',
      'block_1_expand',
      'block_1_expand_BN',
      'block_1_expand_relu',
      'block_1_pad',
    ]);
    expect(names(mobileNetV2()).slice(-6)).toEqual([
      'block_16_project_BN',
      'Conv_1',
      'Conv_1_bn',
      'out_relu',
      'global_average_pooling2d',
      'predictions',
    ]);
    expect(names(vgg16()).filter((name) => !/_conv|_pool/.test(name))).toEqual([
      'flatten',
      'fc1',
      'fc2',
      'predictions',
    ]);
  });

  test('zeros are added as correct_pad does: on both sides of an odd length', () => {
    const pads = describeGraph(mobileNetV2({ inputShape: [97, 64, 3] })).layers.filter(
      ({ type }) => type === 'ZeroPadding2D',
    );
    // 97 → 49 → 25 → 13 → 7, and 64 → 32 → 16 → 8 → 4
    expect(pads.map(({ padding }) => padding)).toEqual(
      Array.from({ length: 4 }, () => [
        [1, 1],
        [0, 1],
      ]),
    );
  });

  test.skipIf(!isGolden)('MobileNetV2 is that of the golden run', () => {
    const [resizing, rgb, scale, ...layers] = goldenLayers('mobilenetv2');
    expect([resizing, rgb, scale].map((layer) => layer?.type)).toEqual(['Resizing', 'GrayscaleToRGB', 'Rescaling']);
    // The golden run names its pooling otherwise, and says strides of 1, which are the default.
    const expected = layers.map((layer) => {
      const { strides, padding, ...rest } = layer as LayerDescription & { strides?: number; padding?: unknown };
      const name = layer.type === 'GlobalAveragePooling2D' ? 'global_average_pooling2d' : layer.name;
      const given = {
        ...(strides === undefined || strides === 1 ? {} : { strides }),
        ...(padding === undefined || padding === 'valid' ? {} : { padding }),
      };
      return { ...rest, name, ...given };
    });
    const ours = describeGraph(mobileNetV2({ alpha: 0.35, classes: 10, inputShape: [64, 64, 3] })).layers.map(
      (layer) => {
        const { strides, padding, ...rest } = layer as LayerDescription & { strides?: number; padding?: unknown };
        const given = {
          ...(strides === undefined || strides === 1 ? {} : { strides }),
          ...(padding === undefined || padding === 'valid' ? {} : { padding }),
        };
        return { ...rest, ...given };
      },
    );
    expect(ours).toEqual(expected);
  });

  test.skipIf(!isGolden)('VGG16 is that of the golden run', () => {
    const [, , ...layers] = goldenLayers('vgg16');
    expect(describeGraph(vgg16({ alpha: 1 / 8, classes: 10, inputShape: [32, 32, 3] })).layers).toEqual(layers);
  });
});

test('a head of one’s own stands on the features', () => {
  const base = mobileNetV2({ alpha: 0.35, inputShape: [32, 32, 3], includeTop: false });
  expect(base.outputShape).toEqual([1, 1, 1280]);
  const pooled = new GlobalAveragePooling2D({ name: 'pool' }).apply(base.output);
  const graph = new Graph(base.input, new Dense({ name: 'head', units: 3 }).apply(pooled));
  expect(parameters(graph)).toBe(410_208 + 1280 * 3 + 3);
});

test.each([
  ['avg', 'GlobalAveragePooling2D', [512]],
  ['max', 'GlobalMaxPooling2D', [512]],
  [undefined, 'MaxPooling2D', [1, 1, 512]],
] as const)('features are pooled: %s', (pooling, type, shape) => {
  const graph = vgg16({ includeTop: false, inputShape: [32, 32, 3], ...(pooling ? { pooling } : {}) });
  expect([graph.output.layer.type, graph.outputShape]).toEqual([type, shape]);
});

test('images may come from a node, such as one that scales them', () => {
  const source = input([40, 40, 3]);
  const graph = mobileNetV2({ inputTensor: preprocessMobileNetV2(source), alpha: 0.35 });
  expect(graph.input.shape).toEqual([40, 40, 3]);
  expect(describeGraph(graph).layers[0]).toEqual({
    name: 'preprocess_input',
    type: 'Rescaling',
    scale: 2 / 255,
    offset: -1,
  });
});

test.each([
  [() => mobileNetV2({ inputShape: [31, 32, 3] }), 'at least 32 × 32 pixels, not (31, 32, 3)'],
  [() => vgg16({ inputShape: [64] }), 'at least 32 × 32 pixels, not (64)'],
  [() => mobileNetV2({ alpha: 0 }), 'alpha must be a positive number, not 0'],
  [() => vgg16({ alpha: Number.NaN }), 'alpha must be a positive number, not NaN'],
])('what cannot be built is refused', (build, message) => {
  expect(build).toThrow(ModelError);
  expect(build).toThrow(message);
});
