/**
 * If these failed, a kernel that computes wrongly would pass the tests of all kernels. Each is a right kernel whose
 * shader goes wrong in one element, where the others are large, small, or zero.
 */
import { describe, expect, test } from 'vitest';
import { type ElementwiseParams, scale } from '../elementwise/elementwise.js';
import { defineKernel, type Kernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { checkCase } from './check.js';
import { useGpu } from './device.js';

const gpu = useGpu();
const LENGTH = 130;
/** The element that goes wrong. */
const ODD = 77;

interface Samples {
  readonly odd: number;
  readonly others: number;
}

/** y = 3 · x, where element {@link ODD} is small, zero or large beside the others. */
const threefold = ({ odd, others }: Samples, written: string): Kernel<ElementwiseParams, 'x' | 'y'> =>
  defineKernel<ElementwiseParams, 'x' | 'y'>({
    name: 'threefold',
    bindings: {
      x: {
        access: 'read',
        type: 'f32',
        length: (p) => p.length,
        sample: (_, draw, i) => (i === ODD ? odd : others * (1 + draw.uniform())),
      },
      y: { access: 'write', type: 'f32', length: (p) => p.length },
    },
    variants: {
      plain: {
        available: () => true,
        grid: (p) => flatGrid(p.length),
        wgsl: (p) => `
${constants({ LENGTH: p.length, ODD })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.x;
  if (i >= LENGTH) { return; }
  if (i != ODD) { y[i] = y_t(3.0 * f32(x[i])); return; }
  ${written}
}`,
      },
    },
    cost: () => ({ flops: 0, bytes: 0 }),
    terms: () => 1,
    reference: (_, { x }) => ({ y: x.map((value) => 3 * value) }),
    magnitudes(p, inputs) {
      return this.reference(p, inputs);
    },
    cases: [{ length: LENGTH }],
  });

const SMALL = { odd: 2 ** -20, others: 1e6 };
const ZERO = { odd: 0, others: 1 };
const ZEROS = { odd: 0, others: 0 };
const EVEN = { odd: 1, others: 1 };

const check = (samples: Samples, written: string, f16: ('x' | 'y')[] = []): Promise<void> =>
  checkCase(gpu(), threefold(samples, written), { length: LENGTH }, f16);

test.each([
  ['in small elements among large ones', SMALL, 'y[i] = bitcast<f32>(bitcast<u32>(3.0 * x[i]) + 1u);'],
  ['in zeros that come out as less than a normal number', ZEROS, 'y[i] = bitcast<f32>(1u);'],
])('what rounding may do passes: %s', (_, samples, written) => check(samples, written));

describe('what is wrong does not pass:', () => {
  test.each([
    ['a small element among large ones', SMALL, 'y[i] = 3.0001 * x[i];'],
    ['a small element that is lost', SMALL, 'y[i] = 0.0;'],
    ['a zero among others', ZERO, 'y[i] = 1e-9;'],
    ['a zero among zeros', ZEROS, 'y[i] = 1e-37;'],
    ['the sign', EVEN, 'y[i] = -3.0 * x[i];'],
    ['a few units in the last place', EVEN, 'y[i] = 3.0 * x[i] * (1.0 + 0x1p-21);'],
    ['an element that no thread writes', EVEN, ''],
    ['not a number', EVEN, 'y[i] = bitcast<f32>(0x7fc00000u + u32(x[i] - 1.0));'],
    ['an infinity', EVEN, 'y[i] = bitcast<f32>(0x7f800000u + u32(x[i] - 1.0));'],
  ])('%s', async (_, samples, written) => {
    await expect(check(samples, written)).rejects.toThrow(`plain/y[${ODD}]: got `);
  });

  test('in float16: two roundings, where there is one', async ({ skip }) => {
    if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
    const odd = 1 + 2 ** -10;
    await check({ odd, others: 1 }, 'y[i] = y_t(3.0 * f32(x[i]));', ['y']);
    const wrong = check({ odd, others: 1 }, 'y[i] = y_t(3.0 * f32(x[i]) * (1.0 + 0x1p-8));', ['y']);
    await expect(wrong).rejects.toThrow(`plain/y[${ODD}]: got `);
  });
});

test('a kernel without magnitudes of an output is an error, not a bound of zero', async () => {
  const without = { ...scale, magnitudes: () => ({}) };
  await expect(checkCase(gpu(), without, { length: 3, factor: 2 })).rejects.toThrow(
    'elementwise/scale: 3 magnitudes of y',
  );
});
