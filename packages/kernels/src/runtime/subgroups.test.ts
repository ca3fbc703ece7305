/**
 * If these failed, kernels that take a workgroup for one full subgroup would run on a device where it is not, and
 * compute wrong sums.
 */
import { expect, test } from 'vitest';
import { conv2dForward } from '../conv2d/forward/index.js';
import { conv2dParams } from '../conv2d/geometry.js';
import { useGpu } from '../testing/device.js';
import { Compiler } from './compiler.js';
import { findSubgroups, judge } from './subgroups.js';

const gpu = useGpu();

const LANES = 4;

/** What the threads of two workgroups see, if each is one full subgroup with its lanes in order. */
const seen = (): number[] =>
  [0, 1].flatMap((group) =>
    [0, 1, 2, 3].flatMap((index) => [LANES, index, LANES, group * LANES, group * LANES + LANES - 1]),
  );

/** The same, with some words of a thread of the second workgroup changed. */
function changed(index: number, words: Readonly<Record<number, number>>): number[] {
  const all = seen();
  for (const [word, value] of Object.entries(words)) all[(LANES + index) * 5 + Number(word)] = value;
  return all;
}

test('full subgroups with their lanes in order are told from all others', () => {
  expect(judge(seen(), LANES)).toBeUndefined();
  const others: [what: string, seen: number[]][] = [
    ['a subgroup twice as large', changed(0, { 0: 2 * LANES })],
    ['lanes out of order', changed(1, { 1: 2 })],
    ['lanes that do not take part', changed(3, { 2: LANES - 1 })],
    ['a subgroup that began in another workgroup', changed(0, { 3: 3 })],
    ['a subgroup that ends before its workgroup', changed(2, { 4: LANES + 1 })],
    ['a workgroup that did not run', changed(2, { 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 })],
  ];
  for (const [what, words] of others)
    expect(judge(words, LANES), what).toMatch(/^a workgroup is not one full subgroup/);
  expect(judge(changed(1, { 1: 2 }), LANES)).toContain('thread 1 of a workgroup of 4 sees 2 as its lane, not 1');
});

test('this device shows full subgroups, if it has subgroups at all, and shaders ask for their size', async () => {
  const { device, info, subgroups, traits } = gpu();
  if (!device.features.has('subgroups')) return;
  expect(subgroups.missing).toBeUndefined();
  expect(traits.subgroupSize).toBe(subgroups.size);
  expect(subgroups.pinned).toBe(device.features.has('subgroup-size-control'));
  const shader = gpu().compiler.program(conv2dForward, params, 'subgroup').stages[0]?.code;
  if (subgroups.pinned) expect(shader).toContain('@subgroup_size(LANES)');
  // A size that the device does not have is noticed, not believed.
  const wrong = { ...info, subgroupMinSize: 2 * subgroups.size, subgroupMaxSize: 2 * subgroups.size };
  expect((await findSubgroups(device, wrong as GPUAdapterInfo)).size).toBe(0);
  gpu().check();
});

test('where the compiler chooses among sizes and cannot be told which, no size is taken for granted', async () => {
  const device = { features: new Set(['subgroups']) } as unknown as GPUDevice;
  const found = await findSubgroups(device, { subgroupMinSize: 8, subgroupMaxSize: 32 } as GPUAdapterInfo);
  expect(found).toMatchObject({ size: 0, missing: expect.stringContaining('8 to 32 lanes') });
});

const params = {
  ...conv2dParams({ batch: 2, height: 9, width: 9, inChannels: 8, outChannels: 8, kernel: [3, 3] }),
  epilogue: { bias: false },
};

test('without full subgroups, what needs them runs neither by choice nor when forced', () => {
  const { device, traits } = gpu();
  const reason = 'a workgroup is not one full subgroup';
  const tuner = { choice: () => 'subgroup', choose: async () => undefined };
  const compiler = new Compiler(device, { ...traits, subgroupSize: 0 }, tuner, async () => undefined, reason);
  const { variants } = conv2dForward;
  const without = Object.keys(variants).filter((name) => !variants[name]?.subgroups);
  expect(without.length).toBeLessThan(Object.keys(variants).length);
  for (const list of [compiler.available(conv2dForward, params), compiler.candidates(conv2dForward, params)])
    expect(without).toEqual(expect.arrayContaining(list));
  expect(without).toContain(compiler.variantOf(conv2dForward, params));
  expect(() => compiler.variantOf(conv2dForward, params, 'subgroup')).toThrow(
    /conv2d\/forward: no variant "subgroup" for .* on this device: a workgroup is not one full subgroup/,
  );
});
