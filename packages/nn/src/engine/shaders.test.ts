/** If this failed, a network of many layers would start slowly: its dispatches would no longer share shaders. */
import { Recorder } from '@anke/kernels';
import { expect, test } from 'vitest';
import { mobileNetV2 } from '../applications/mobilenet-v2.js';
import { Adam } from '../optimizers/adam.js';
import { useGpu } from '../testing/device.js';
import { Batches } from './batches.js';
import { Session } from './session.js';

const gpu = useGpu();

const SHAPE = [64, 64, 3];
const graph = mobileNetV2({ inputShape: SHAPE, alpha: 0.35, classes: 10 });

/** A training step: its dispatches, and label and text of their stages. */
function stepOf(batch: number) {
  const session = Session.open(gpu(), graph);
  session.compile({ optimizer: new Adam() });
  const pixels = new Uint8Array(batch * 64 * 64 * 3);
  const data = session.data.acquire({ pixels, labels: new Uint8Array(batch), shape: SHAPE, rescale: 1 / 255 }, 'train');
  const batches = new Batches(gpu(), { data, seed: 1 });
  const recorder = new Recorder(gpu());
  session.train(recorder, batches, { size: batch, stride: batch });
  const dispatches = recorder.program.length;
  const stages = recorder.program.flatMap(
    ({ kernel, params, variant }) => gpu().compiler.program(kernel, params, variant).stages,
  );
  batches.destroy();
  session.destroy();
  return { dispatches, stages };
}

test('a step of MobileNetV2 joins padding, rectifiers and sums with the kernels beside them', () => {
  const { dispatches, stages } = stepOf(8);
  // Each of the ten residual blocks spares two, a sum and one of gradients; each of the 52 normalizations, two sums.
  expect(dispatches).toBe(268);
  const kernels = stages.map(({ label }) => label.split('/').slice(0, 2).join('/'));
  expect(kernels.filter((kernel) => /^pad\/|^elementwise\/add/.test(kernel))).toEqual([]);
  // Before the average pooling, a rectifier stands alone.
  expect(kernels.filter((kernel) => kernel.startsWith('elementwise/relu'))).toHaveLength(1);
});

test('layers share shaders, and so do batches of other sizes', () => {
  const isShared = ({ label }: { readonly label: string }): boolean => /^batchnorm|pointwise|join$/.test(label);
  const [some, others] = [64, 32].map((batch) => stepOf(batch).stages.filter(isShared));
  const texts = new Set(some?.map(({ code }) => code));
  expect(some?.length).toBeGreaterThan(250);
  expect(texts.size).toBeLessThan(62);
  expect(others?.filter(({ code, label }) => /^batchnorm/.test(label) && !texts.has(code))).toEqual([]);
});
