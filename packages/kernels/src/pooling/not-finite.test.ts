/**
 * If these failed, a value that is not finite would vanish in a pooling: a device that takes `NaN > x` or `max(NaN, x)`
 * for whatever it likes would pass on another element of the window.
 */
import { expect, test } from 'vitest';
import { runKernel, sampleInputs } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { type PoolParams, poolOutputs, poolParams, visitWindow } from './geometry.js';
import { maxPoolForward } from './max.js';

const gpu = useGpu();

const SHAPES: readonly PoolParams[] = [
  poolParams({ batch: 2, height: 6, width: 7, channels: 3, pool: [2, 3] }),
  poolParams({ batch: 1, height: 7, width: 8, channels: 2, pool: [3, 3], stride: [2, 2], padding: 'same' }),
];

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  '%s at any place of a window reaches all outputs that it belongs to, and no other',
  async (broken) => {
    for (const shape of SHAPES) {
      const { channels, height, width, poolHeight, poolWidth } = shape;
      // One channel of all places of a window in the middle: first and last, beside larger and smaller elements.
      for (let place = 0; place < poolHeight * poolWidth; place++) {
        const row = Math.floor(height / 2 - 1) + Math.floor(place / poolWidth);
        const column = Math.floor(width / 2 - 2) + (place % poolWidth);
        const spoiled = (row * width + column) * channels + 1;
        const inputs = sampleInputs(maxPoolForward, shape);
        const clean = maxPoolForward.reference(shape, inputs);
        inputs.x[spoiled] = broken;
        const expected = Array.from({ length: poolOutputs(shape) }, (_, output) => {
          let holds = false;
          visitWindow(shape, output, (input) => {
            holds ||= input === spoiled;
          });
          return holds;
        });
        expect(expected).toContain(true);
        const reference = Array.from(maxPoolForward.reference(shape, inputs)['y'] as Float64Array);
        expect(reference.map((value) => !Number.isFinite(value))).toEqual(expected);
        for (const variant of gpu().compiler.available(maxPoolForward, shape)) {
          const got = await runKernel(gpu(), maxPoolForward, shape, inputs, variant);
          const y = Array.from(got['y'] as Float64Array);
          expect(
            y.map((value) => !Number.isFinite(value)),
            variant,
          ).toEqual(expected);
          // The others are as they were.
          y.forEach((value, i) => {
            if (!expected[i]) expect(value).toBeCloseTo(clean['y']?.[i] as number, 4);
          });
        }
      }
    }
  },
);
