/** What a file tells of a model beside its layers, and that each format has it where its readers look. */
import { Dense, Flatten, readSafetensors, sequential } from '@anke/nn';
import { describe, expect, test } from 'vitest';
import { ExchangeError, fromOnnx, toOnnx, toSafetensors, toTensorFlowJs } from './index.js';
import { decodeOnnx, encodeOnnx, type OnnxModel } from './onnx/format.js';
import { randomWeights } from './testing/models.js';

const graph = sequential([new Flatten({}), new Dense({ units: 2, activation: 'softmax' })], { inputShape: [2, 3, 1] });
const weights = randomWeights(graph);
const classNames = ['ಬೆಕ್ಕು', 'a dog, "big"'];

describe('names of classes and the shape of images', () => {
  test('are texts in ONNX’s metadata, and come back', async () => {
    const bytes = await toOnnx(graph, weights, { classNames });
    const { metadataProps } = await decodeOnnx(bytes);
    expect(metadataProps).toContainEqual({ key: 'classNames', value: JSON.stringify(classNames) });
    expect(metadataProps).toContainEqual({ key: 'inputShape', value: '[2,3,1]' });
    expect((await fromOnnx(bytes)).classNames).toEqual(classNames);
    expect((await fromOnnx(await toOnnx(graph, weights))).classNames).toBeUndefined();
  });

  test('are TensorFlow.js’s user-defined metadata', () => {
    const { userDefinedMetadata } = JSON.parse(toTensorFlowJs(graph, weights, { classNames }).json);
    expect(userDefinedMetadata).toEqual({ classNames, inputShape: [2, 3, 1] });
  });

  test('are texts in safetensors’ metadata', () => {
    const { metadata } = readSafetensors(toSafetensors(graph, weights, { classNames }));
    expect(metadata).toEqual({ format: 'anke', classNames: JSON.stringify(classNames), inputShape: '[2,3,1]' });
  });

  test('come back where the outputs are not as many as the classes', async () => {
    const units = async (count: number, names: readonly string[]) => {
      const other = sequential([new Flatten({}), new Dense({ units: count })], { inputShape: [2, 3, 1] });
      return (await fromOnnx(await toOnnx(other, randomWeights(other), { classNames: names }))).classNames;
    };
    expect(await units(1, classNames)).toEqual(classNames);
    expect(await units(4, classNames)).toEqual([...classNames, '2', '3']);
    await expect(units(2, ['a', 'b', 'c'])).rejects.toThrow(
      new ExchangeError('the model has 2 outputs, which 3 names of classes do not fit'),
    );
  });

  test.each(['[', '["one"]', '{}', '["one", 2]'])('%s is refused', async (value) => {
    const model = (await decodeOnnx(await toOnnx(graph, weights, { classNames }))) as OnnxModel;
    const metadataProps = model.metadataProps.map((one) => (one.key === 'classNames' ? { ...one, value } : one));
    const message = 'its "classNames" are no list of a name for each output; export it again';
    await expect(fromOnnx(await encodeOnnx({ ...model, metadataProps }))).rejects.toThrow(new ExchangeError(message));
  });
});
