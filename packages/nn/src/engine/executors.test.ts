/** One training step of a whole model, eager and recorded, and with activations kept as float16. */
import { Eager, type Executor, Recorder } from '@anke/kernels';
import { expect, test } from 'vitest';
import { Adam } from '../optimizers/adam.js';
import { useGpu } from '../testing/device.js';
import { smallModel, stripes } from '../testing/small-model.js';
import { Batches } from './batches.js';
import { DeviceData } from './device-data.js';
import { Session } from './session.js';

const gpu = useGpu();

/** A fresh session, and a step of all samples on it. */
function prepared(options: { readonly storage?: 'float16' } = {}) {
  const session = Session.open(gpu(), smallModel().graph, options);
  session.compile({ optimizer: new Adam() });
  const data = new DeviceData(gpu(), 'data', stripes(7));
  const batches = new Batches(gpu(), { data, seed: 1 });
  const step = (executor: Executor) => session.train(executor, batches, { size: data.count, stride: data.count });
  return { session, step };
}

const BUFFERS = ['gradients', 'weights', 'untrained'] as const;

test('a plain recording gives the bits of the eager step', async () => {
  const [one, other] = [prepared(), prepared()];
  const eager = new Eager(gpu());
  one.step(eager);
  await eager.finish();
  const recorder = new Recorder(gpu(), { fuse: false });
  other.step(recorder);
  (await recorder.finish()).submit();
  for (const name of BUFFERS)
    expect(await gpu().readFloats(other.session.memory[name])).toEqual(
      await gpu().readFloats(one.session.memory[name]),
    );
  eager.destroy();
});

test('with activations kept as float16, a step needs less memory and stays near', async ({ skip }) => {
  if (!gpu().device.features.has('shader-f16')) skip();
  const [f16, f32] = [prepared({ storage: 'float16' }), prepared()];
  const recorded = async ({ step }: ReturnType<typeof prepared>) => {
    const recorder = new Recorder(gpu());
    step(recorder);
    const recording = await recorder.finish();
    recording.submit();
    return recording.memory;
  };
  const [less, more] = [await recorded(f16), await recorded(f32)];
  expect(less.naive).toBeLessThan(more.naive);
  expect(less.planned).toBeLessThan(more.planned);
  // What depends on no winner of a pooling, where roundings make ties: each of some four kernels rounds by 2⁻¹¹.
  const [got, exact] = await Promise.all([f16, f32].map(({ session }) => gpu().readFloats(session.memory.untrained)));
  const wanted = exact as Float32Array;
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  got?.forEach((value, i) => {
    expect(Math.abs(value - (wanted[i] as number))).toBeLessThanOrEqual(4 * 2 ** -11 * largest);
  });
});
