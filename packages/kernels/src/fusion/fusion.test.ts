/**
 * Each rule's cases, run three times: plain, fused, and by the CPU references in float64. Where the arithmetic is the
 * same, fused gives the bits of plain; elsewhere both stay within the bound that float32 allows.
 */
import { Random } from '@anke/random';
import { expect, test } from 'vitest';
import { relu, scale } from '../elementwise/elementwise.js';
import type { Gpu } from '../runtime/device.js';
import type { Executor } from '../runtime/executor.js';
import { Recorder } from '../runtime/recorder.js';
import { ReferenceExecutor } from '../runtime/reference-executor.js';
import type { Storage } from '../runtime/storage.js';
import { expectClose, tolerance } from '../testing/bounds.js';
import { useGpu } from '../testing/device.js';
import { fuse } from './fuse.js';
import type { CaseBuilder, Rule, RuleCase } from './rule.js';
import { RULES } from './rules.js';

const gpu = useGpu();

/** A case's inputs, as the device and the reference will both hold them. */
class Builder implements CaseBuilder {
  readonly inputs: { readonly storage: Storage; readonly values: Float32Array | Uint32Array }[] = [];
  readonly dispatch: CaseBuilder['dispatch'];

  constructor(
    readonly device: Gpu,
    readonly executor: Executor,
  ) {
    this.dispatch = (kernel, params, bindings) => executor.dispatch(kernel, params, bindings);
  }

  input(label: string, length: number, sample?: (index: number) => number): Storage {
    const random = new Random(1, label);
    return this.#given(
      label,
      Float32Array.from({ length }, (_, i) => sample?.(i) ?? random.normal()),
    );
  }

  integers(label: string, values: readonly number[]): Storage {
    return this.#given(label, Uint32Array.from(values));
  }

  temporary(label: string, length: number): Storage {
    return this.executor.temporary(label, length * 4);
  }

  #given(label: string, values: Float32Array | Uint32Array): Storage {
    const storage = this.device.upload(label, values);
    this.inputs.push({ storage, values });
    return storage;
  }
}

interface Outcome {
  readonly values: Record<string, Float64Array>;
  readonly dispatches: number;
}

async function onDevice({ build }: RuleCase, fused: boolean): Promise<Outcome> {
  const recorder = new Recorder(gpu(), { fuse: fused });
  const builder = new Builder(gpu(), recorder);
  const outputs = build(builder);
  for (const storage of Object.values(outputs)) if (!storage.buffer) recorder.keep(storage);
  const dispatches = recorder.program.length;
  const recording = await recorder.finish();
  recording.submit();
  const values: Record<string, Float64Array> = {};
  for (const [name, storage] of Object.entries(outputs)) {
    const bytes = await gpu().read(storage);
    values[name] = Float64Array.from(storage.type === 'u32' ? new Uint32Array(bytes) : new Float32Array(bytes));
  }
  recording.destroy();
  for (const { storage } of builder.inputs) storage.destroy();
  return { values, dispatches };
}

function byReference({ build }: RuleCase): Record<string, Float64Array> {
  const executor = new ReferenceExecutor(gpu());
  const plain: (() => void)[] = [];
  const builder = new Builder(gpu(), executor);
  const outputs = build({
    input: (...args) => builder.input(...args),
    integers: (...args) => builder.integers(...args),
    temporary: (...args) => builder.temporary(...args),
    dispatch: (kernel, params, bindings) => void plain.push(() => executor.dispatch(kernel, params, bindings)),
  });
  for (const { storage, values } of builder.inputs) executor.values(storage).set(Array.from(values));
  for (const run of plain) run();
  for (const { storage } of builder.inputs) storage.destroy();
  return Object.fromEntries(Object.entries(outputs).map(([name, storage]) => [name, executor.values(storage)]));
}

const all = RULES.flatMap((rule) => rule.cases.map((one, i) => [`${rule.name}, case ${i + 1}`, rule, one] as const));

test.each(all)('%s', async (_, rule: Rule, one: RuleCase) => {
  const plain = await onDevice(one, false);
  const fused = await onDevice(one, true);
  const expected = byReference(one);
  expect([plain.dispatches, fused.dispatches]).toEqual([one.plain, one.fused]);
  for (const [name, values] of Object.entries(expected)) {
    expectClose(`plain ${name}`, plain.values[name] as Float64Array, values, tolerance(values, one.terms));
    expectClose(`fused ${name}`, fused.values[name] as Float64Array, values, tolerance(values, one.terms));
    const exact = !rule.rounding && one.fused === 1;
    if (exact) expect(fused.values[name], `${name}, bit for bit`).toEqual(plain.values[name]);
  }
});

test('each rule has a name of its own, a formula and a case', () => {
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
  for (const { formula, cases } of RULES) expect([formula.length > 0, cases.length > 0]).toEqual([true, true]);
});

test('each rule is needed: without it, one of its cases stays longer', () => {
  for (const rule of RULES) {
    const others = RULES.filter((other) => other !== rule);
    const longer = rule.cases.some((one) => {
      const recorder = new Recorder(gpu(), { fuse: false });
      const outputs = Object.values(one.build(new Builder(gpu(), recorder)));
      const isTemporary = (storage: Storage): boolean => !storage.buffer && !outputs.includes(storage);
      return fuse(recorder.program, { isTemporary }, others).length > one.fused;
    });
    expect(longer, rule.name).toBe(true);
  }
});

const LENGTH = 64;
const RELU = { length: LENGTH, rectifier: { slope: 0 } };
/** A tiny program: what `build` sends, fused. */
function fusedNames(build: (recorder: Recorder, x: Storage) => void): string[] {
  const recorder = new Recorder(gpu());
  build(recorder, gpu().storage('x', LENGTH * 4));
  return recorder.program.map(({ kernel }) => kernel.name);
}

test('a result that a rewrite leaves unread is not computed, and one that is kept is', () => {
  const names = fusedNames((recorder, x) => {
    const [a, b] = [recorder.temporary('a', LENGTH * 4), recorder.temporary('b', LENGTH * 4)];
    recorder.keep(b);
    recorder.dispatch(scale, { length: LENGTH, factor: 2 }, { x, y: a });
    recorder.dispatch(relu, RELU, { x: a, y: b });
  });
  expect(names).toEqual(['elementwise/scale', 'elementwise/relu']);
});
