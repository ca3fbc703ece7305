/** The engine against a training run that PyTorch computed in float64. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import { compare, deviceMachine, type GoldenRun, makeGolden, readGolden, replay } from '@anke/training';
import { afterAll, beforeAll, expect, test } from 'vitest';

const file = join(import.meta.dirname, '../../shared/golden/notebook-cnn.safetensors');
const absent = !existsSync(file);
if (absent) console.log(`Skipped: the golden run by PyTorch, as ${file} is absent.`);

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open((await openAdapter(console.log)).adapter);
});
afterAll(() => gpu.destroy());

async function expectWithinBounds(golden: GoldenRun): Promise<void> {
  for (const { group, error, bound, tensor } of compare(golden, await replay(gpu, deviceMachine(gpu), golden))) {
    expect(error, `${group}, worst ${tensor}`).toBeLessThanOrEqual(bound);
  }
}

test.skipIf(absent)('logits, every gradient, averages, losses and weights agree with PyTorch', async () => {
  await expectWithinBounds(readGolden(file, readFileSync(file)));
});

test('a narrow CNN agrees with the CPU references', async () => {
  await expectWithinBounds(await makeGolden(gpu, 3));
});

test('a wrong tensor shows', async () => {
  const golden = await makeGolden(gpu, 4);
  const got = await replay(gpu, deviceMachine(gpu), golden);
  const kernel = Float32Array.from(got.get('step1/grad/conv2.kernel') ?? []);
  kernel[0] = (kernel[0] as number) + 1;
  const errors = compare(golden, new Map([...got, ['step1/grad/conv2.kernel', kernel]]));
  expect(errors.filter(({ error, bound }) => error > bound)).toMatchObject([
    { group: 'gradients', tensor: 'step1/grad/conv2.kernel' },
  ]);
});
