/**
 * If these failed, a value that is not finite would pass unseen, or would be written into weights.
 * The device's compilers may assume that there are no such values: so each kernel that looks for them is given some.
 */
import { expect, test } from 'vitest';
import { scale } from '../elementwise/elementwise.js';
import { crossEntropyStep } from '../loss/cross-entropy-step.js';
import { epochTotals } from '../metrics/metrics.js';
import { adam } from '../optimizer/adam.js';
import { advance } from '../optimizer/advance.js';
import { average } from '../optimizer/average.js';
import { nadam } from '../optimizer/nadam.js';
import { rmsprop } from '../optimizer/rmsprop.js';
import { schedule } from '../optimizer/schedule.js';
import { sgd, sgdMomentum } from '../optimizer/sgd.js';
import { Eager } from '../runtime/eager.js';
import type { Arrays, Kernel } from '../runtime/kernel.js';
import { Recorder } from '../runtime/recorder.js';
import { softmax } from '../softmax/softmax.js';
import { checkKernel, runKernel, sampleInputs } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { decodeFloat16 } from '../testing/float16.js';
import { countClamped } from './clamped.js';
import { countNotFinite, notFiniteOf } from './count.js';
import { COUNTER, COUNTERS } from './faults.js';

const gpu = useGpu();
checkKernel(gpu, countNotFinite, { f16: ['x'] });
checkKernel(gpu, countClamped, { f16: ['x'] });

const BROKEN = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Runs all variants with inputs that a test has spoiled, and returns what each wrote. */
async function run<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
  spoil: (inputs: Record<B, Float64Array>) => void,
) {
  const inputs = sampleInputs(kernel, params);
  spoil(inputs);
  const variants = gpu().compiler.available(kernel, params);
  const results = await Promise.all(variants.map((name) => runKernel(gpu(), kernel, params, inputs, name)));
  return { inputs: inputs as Arrays<B>, results };
}

test.each(BROKEN)('%s is counted wherever it stands, and the first is named', async (value) => {
  for (const length of [1, 70, 5000]) {
    for (const places of [[0], [length - 1], [Math.floor(length / 2), length - 1], [0, Math.floor(length / 3)]]) {
      const { results } = await run(countNotFinite, { length }, ({ x }) => {
        for (const place of places) x[place] = value;
      });
      for (const { found } of results)
        expect(notFiniteOf(Uint32Array.from(found as Float64Array))).toEqual({
          count: new Set(places).size,
          first: Math.min(...places),
        });
    }
  }
});

const ENDS = [
  { rows: 1, classes: 1 },
  { rows: 33, classes: 7 },
  { rows: 300, classes: 10 },
];
const step = { penalties: 0, gradient: true, totals: true, advance: true };

test.each(ENDS)('a logit that is not finite is counted at the end of a step: %o', async (shape) => {
  const elements = shape.rows * shape.classes;
  for (const value of BROKEN)
    for (const place of new Set([0, Math.floor(elements / 2), elements - 1])) {
      const fused = await run(crossEntropyStep, { ...shape, ...step }, (inputs) => {
        inputs.logits[place] = value;
        inputs.counters.set([5, 2, 77, 0, 0, 0]);
      });
      for (const { counters } of fused.results) {
        expect(counters?.[COUNTER.faults]).toBeGreaterThan(0);
        // The step that found it is not counted.
        expect(Array.from(counters?.subarray(0, 3) ?? [])).toEqual([5, 2, 77]);
      }
      const plain = await run(epochTotals, shape, (inputs) => {
        inputs.scores[place] = value;
      });
      for (const { counters } of plain.results) expect(counters?.[COUNTER.faults]).toBe(1);
    }
});

test('a penalty or a loss that is not finite is counted', async () => {
  const shape = { rows: 4, classes: 3 };
  for (const value of BROKEN) {
    const fused = await run(crossEntropyStep, { ...shape, ...step, penalties: 3 }, (inputs) => {
      inputs.penalties[1] = value;
    });
    for (const { counters } of fused.results) expect(counters?.[COUNTER.faults]).toBe(1);
    const plain = await run(epochTotals, shape, (inputs) => {
      inputs.loss[0] = value;
    });
    for (const { counters } of plain.results) expect(counters?.[COUNTER.faults]).toBe(1);
  }
});

test('what an optimizer has held counts from the next step on, and the steps stand still then', async () => {
  const held = Float64Array.of(5, 2, 77, 0, 3, 9);
  const { results } = await run(crossEntropyStep, { rows: 4, classes: 3, ...step }, ({ counters }) => {
    counters.set(held);
  });
  for (const { counters } of results) expect(Array.from(counters as Float64Array)).toEqual([5, 2, 77, 3, 3, 9, 0]);
  const plain = await run(epochTotals, { rows: 4, classes: 3 }, ({ counters }) => counters.set(held));
  for (const { counters } of plain.results) expect(counters?.[COUNTER.faults]).toBe(3);
  const stands = await run(advance, {}, ({ counters }) => counters.set([5, 2, 77, 1, 0, 0]));
  for (const { counters } of stands.results)
    expect(Array.from(counters as Float64Array)).toEqual([5, 2, 77, 1, 0, 0, 0]);
});

const LENGTH = 129;
const RMSPROP = { rho: 0.9, epsilon: 1e-7 };
const BY_NORM = { by: 'norm', limit: 0.5, norms: 2 } as const;
const OPTIMIZERS = [
  [adam, { length: LENGTH, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, ['gradients', 'm', 'v', 'weights']],
  [sgd, { length: LENGTH }, ['gradients', 'weights']],
  [sgdMomentum, { length: LENGTH, momentum: 0.9, nesterov: false }, ['gradients', 'velocity', 'weights']],
  [sgdMomentum, { length: LENGTH, momentum: 0.9, nesterov: true }, ['gradients', 'velocity', 'weights']],
  [nadam, { length: LENGTH, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, ['gradients', 'm', 'v', 'weights']],
  [rmsprop, { length: LENGTH, ...RMSPROP, momentum: 0, centered: false }, ['gradients', 'v', 'weights']],
  [
    rmsprop,
    { length: LENGTH, ...RMSPROP, momentum: 0.9, centered: true },
    ['gradients', 'v', 'mean', 'velocity', 'weights'],
  ],
  // A clipped gradient must not hide that it was not finite.
  [sgd, { length: LENGTH, clip: { by: 'value', limit: 0.5 }, decay: 0.1 }, ['gradients', 'weights']],
  [sgdMomentum, { length: LENGTH, momentum: 0.9, nesterov: true, clip: BY_NORM }, ['gradients', 'velocity', 'weights']],
] as unknown as readonly (readonly [Kernel, object, readonly string[]])[];

test.each(OPTIMIZERS)('$name leaves an element as it is whose update is not finite', async (kernel, params, names) => {
  for (const name of names)
    for (const value of BROKEN)
      for (const place of [0, 64, LENGTH - 1]) {
        const { inputs, results } = await run(kernel as Kernel<object, string>, params, (spoiled) => {
          (spoiled[name] as Float64Array)[place] = value;
        });
        const expected = (kernel as Kernel<object, string>).reference(params, inputs);
        for (const got of results) {
          expect(Array.from(got['counters'] as Float64Array).slice(3)).toEqual([0, 1, LENGTH - place, 0]);
          for (const written of Object.keys(got)) {
            if (written === 'counters') continue;
            expect(got[written]?.[place], written).toEqual(inputs[written]?.[place]);
            // The others have moved.
            const other = (place + 1) % LENGTH;
            expect(got[written]?.[other], written).toBeCloseTo(expected[written]?.[other] as number, 5);
            expect(got[written]?.[other], written).not.toBe(inputs[written]?.[other]);
          }
        }
      }
});

test.each(OPTIMIZERS)('$name holds all where the learning rate is not finite', async (kernel, params) => {
  for (const value of BROKEN) {
    const { inputs, results } = await run(kernel as Kernel<object, string>, params, (spoiled) => {
      (spoiled['rate'] as Float64Array)[0] = value;
    });
    for (const got of results) {
      expect(got['counters']?.[COUNTER.held]).toBe(LENGTH);
      expect(got['weights']).toEqual(inputs['weights']);
    }
  }
});

test.each(OPTIMIZERS)('$name changes nothing once a step has met such a value', async (kernel, params) => {
  const { inputs, results } = await run(kernel as Kernel<object, string>, params, ({ counters }) => {
    counters?.set([5, 2, 77, 1, 0, 0]);
  });
  for (const got of results) for (const [name, values] of Object.entries(got)) expect(values).toEqual(inputs[name]);
});

test('a norm that is not finite holds the weights that share it', async () => {
  for (const value of BROKEN) {
    const { inputs, results } = await run(sgd, { length: LENGTH, clip: BY_NORM }, ({ norms, owners }) => {
      norms[1] = value;
      owners.set([0, 1, 0]);
    });
    for (const { counters, weights } of results) {
      expect(Array.from(counters as Float64Array).slice(3)).toEqual([0, 64, LENGTH - 64, 0]);
      weights?.forEach((weight, i) => {
        if (i >= 64 && i < 128) expect(weight).toBe(inputs.weights[i]);
        else expect(weight).not.toBe(inputs.weights[i]);
      });
    }
  }
});

const RATES = [{ shape: 'linear', from: 0, offset: 0, length: 9, begin: 1, end: 2, bend: 1, staircase: false }];

test.each([
  [average, { length: LENGTH, momentum: 0.5, every: 1 }, ['weights', 'average']],
  [schedule, { stretches: RATES }, ['iterations', 'rate']],
  [schedule, { stretches: [] }, ['iterations']],
] as unknown as readonly (readonly [Kernel, object, readonly string[]])[])(
  '$name stands still once a step has met such a value',
  async (kernel, params, written) => {
    const withFaults = (faults: number) =>
      run(kernel as Kernel<object, string>, params, ({ counters, iterations }) => {
        iterations?.set([3, 0]);
        counters?.set([5, 2, 77, faults, 0, 0]);
      });
    const moved = await withFaults(0);
    const { inputs, results } = await withFaults(1);
    for (const name of written) {
      for (const got of moved.results) expect(got[name], name).not.toEqual(inputs[name]);
      for (const got of results) expect(got[name], name).toEqual(inputs[name]);
    }
  },
);

test('a row of logits that are not all finite has no probabilities', async () => {
  const shape = { rows: 3, classes: 5 };
  for (const value of BROKEN)
    for (const place of [5, 7, 9]) {
      const { inputs, results } = await run(softmax, shape, ({ logits }) => {
        logits.fill(0.5);
        logits[place] = value;
      });
      expect(inputs.logits[place]).toBe(value);
      for (const { y } of results)
        expect(Array.from(y as Float64Array, Number.isNaN)).toEqual(
          Array.from({ length: 15 }, (_, i) => i > 4 && i < 10),
        );
    }
});

test('what is too large for 16 bits becomes the largest value, and what is not finite stays so', async ({ skip }) => {
  if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
  const values = [1, 65504, 65520, 7e4, 1e38, -65520, -3e38, 0.1, ...BROKEN];
  const x = gpu().upload('x', Float32Array.from(values));
  const y = gpu().storage('y', values.length * 2, 'f16');
  const executor = new Eager(gpu());
  executor.dispatch(scale, { length: values.length, factor: 1 }, { x, y });
  await executor.finish();
  const stored = decodeFloat16(new Uint16Array(await gpu().read(y)).subarray(0, values.length));
  expect(Array.from(stored.subarray(0, 7))).toEqual([1, 65504, 65504, 65504, 65504, -65504, -65504]);
  expect(stored[7]).toBeCloseTo(0.1, 4);
  expect(Array.from(stored.subarray(8), Number.isFinite)).toEqual([false, false, false]);
  for (const storage of [x, y]) storage.destroy();
});

test('a recording counts what its 16 bits could not hold, each time that it is replayed', async ({ skip }) => {
  if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
  const values = [1, 65000, 7e4, -65520, 3e38, Number.NaN, Number.POSITIVE_INFINITY, -3e38, 0];
  const x = gpu().upload('x', Float32Array.from(values));
  const clamped = gpu().upload('counters', new Uint32Array(COUNTERS));
  for (const type of ['f16', 'f32'] as const) {
    const recorder = new Recorder(gpu(), { clamped });
    const y = recorder.temporary('y', values.length * (type === 'f16' ? 2 : 4), type);
    recorder.keep(y);
    recorder.dispatch(scale, { length: values.length, factor: 1 }, { x, y });
    expect(recorder.program.length).toBe(type === 'f16' ? 2 : 1);
    const recording = await recorder.finish();
    recording.submit(3);
    const counters = new Uint32Array(await gpu().read(clamped));
    expect(Array.from(counters)).toEqual(Object.values(COUNTER).map((at) => (at === COUNTER.clamped ? 12 : 0)));
    recording.destroy();
  }
  for (const storage of [x, clamped]) storage.destroy();
});

test('there are as many counters as names for them', () => {
  expect(Object.values(COUNTER)).toEqual(Array.from({ length: COUNTERS }, (_, i) => i));
});
