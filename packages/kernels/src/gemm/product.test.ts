/** If these failed, products would be wrong on real GPUs alone, whose shaders are those of software but for a loop. */
import { beforeAll, expect, test } from 'vitest';
import { conv2dBackwardData } from '../conv2d/backward-data/index.js';
import { conv2dBackwardWeights } from '../conv2d/backward-weights/index.js';
import { conv2dForward } from '../conv2d/forward/index.js';
import type { Traits } from '../runtime/kernel.js';
import { checkCase } from '../testing/check.js';
import { useGpu } from '../testing/device.js';

const gpu = useGpu();

/** The device's, which is that of this file alone. */
beforeAll(() => {
  (gpu().traits as { -readonly [K in keyof Traits]: Traits[K] }).software = false;
});

test.each([conv2dForward, conv2dBackwardData, conv2dBackwardWeights])(
  '$name computes as on a real GPU',
  async (kernel) => {
    const params = kernel.cases.find(({ batch, groups = 1 }) => batch > 2 && groups > 1);
    expect(params).toBeDefined();
    for (const one of [kernel.cases[4], params]) await checkCase(gpu(), kernel as never, one as never);
  },
);
