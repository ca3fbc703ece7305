/**
 * Each rule's cases, plain and fused. In float64, by the CPU references, both give the same: the formulas are equal. On
 * the device, each dispatch stays within the bounds of its own reference, and where a rule does not change the
 * arithmetic, fused gives the bits of plain.
 */
import { Random } from '@anke/random';
import { expect, test } from 'vitest';
import { relu, scale } from '../elementwise/elementwise.js';
import type { Gpu } from '../runtime/device.js';
import { checkedDispatch, type Dispatch } from '../runtime/dispatch.js';
import { Recorder } from '../runtime/recorder.js';
import { ReferenceExecutor } from '../runtime/reference-executor.js';
import type { Storage } from '../runtime/storage.js';
import { expectClose, outputBounds } from '../testing/bounds.js';
import { checkDispatches, readValues } from '../testing/check-dispatch.js';
import { useGpu } from '../testing/device.js';
import { fuse } from './fuse.js';
import type { CaseBuilder, Rule, RuleCase } from './rule.js';
import { batchNormWholeRule } from './rules/batchnorm-whole.js';
import { RULES } from './rules.js';

const gpu = useGpu();

type Values = Readonly<Record<string, Float64Array>>;

/** A case with memory of its own: what it is given, and the dispatches that it sends. */
class Built implements CaseBuilder {
  readonly plain: Dispatch[] = [];
  readonly outputs: Readonly<Record<string, Storage>>;
  readonly #given: { readonly storage: Storage; readonly values: Float32Array | Uint32Array }[] = [];
  readonly #temporaries: Storage[] = [];
  readonly dispatch: CaseBuilder['dispatch'] = (kernel, params, bindings) =>
    void this.plain.push(checkedDispatch(kernel, params, bindings));

  constructor(
    readonly device: Gpu,
    { build }: RuleCase,
  ) {
    this.outputs = build(this);
  }

  input(label: string, length: number, sample?: (index: number) => number): Storage {
    const random = new Random(1, label);
    return this.#upload(
      label,
      Float32Array.from({ length }, (_, i) => sample?.(i) ?? random.normal()),
    );
  }

  integers(label: string, values: readonly number[]): Storage {
    return this.#upload(label, Uint32Array.from(values));
  }

  temporary(label: string, length: number): Storage {
    const storage = this.device.storage(label, length * 4);
    this.#temporaries.push(storage);
    return storage;
  }

  /** The dispatches that the pass makes of the plain ones. */
  fused(rules: readonly Rule[] = RULES, storageBuffers = Number.POSITIVE_INFINITY): readonly Dispatch[] {
    const outputs = Object.values(this.outputs);
    const isTemporary = (storage: Storage): boolean =>
      this.#temporaries.includes(storage) && !outputs.includes(storage);
    return fuse(this.plain, { isTemporary, storageBuffers }, rules);
  }

  /** Runs dispatches on the device, each compared with its reference. */
  async onDevice(label: string, dispatches: readonly Dispatch[]): Promise<Values> {
    for (const { storage, values } of this.#given) this.device.write(storage, values);
    await checkDispatches(this.device, label, dispatches);
    const entries = Object.entries(this.outputs).map(async ([name, one]) => [name, await readValues(this.device, one)]);
    return Object.fromEntries(await Promise.all(entries)) as Values;
  }

  /** Runs dispatches in float64; `within` tells for each output how far float32 may be off in its last dispatch. */
  byReference(dispatches: readonly Dispatch[]): { readonly values: Values; readonly within: Values } {
    const executor = new ReferenceExecutor(this.device);
    for (const { storage, values } of this.#given) executor.values(storage).set(Array.from(values));
    const within: Record<string, Float64Array> = {};
    for (const { kernel, params, bindings } of dispatches) {
      const inputs = Object.fromEntries(
        Object.keys(kernel.bindings).map((name) => {
          const storage = bindings[name];
          return [name, storage ? executor.values(storage).slice() : new Float64Array()];
        }),
      );
      const bounds = outputBounds(kernel, params, inputs, kernel.reference(params, inputs));
      for (const [name, storage] of Object.entries(this.outputs)) {
        const binding = Object.keys(bounds).find((one) => bindings[one] === storage);
        if (binding) within[name] = bounds[binding] as Float64Array;
      }
      executor.dispatch(kernel, params, bindings);
    }
    const values = Object.entries(this.outputs).map(([name, storage]) => [name, executor.values(storage)]);
    return { values: Object.fromEntries(values) as Values, within };
  }

  destroy(): void {
    for (const storage of [...this.#temporaries, ...this.#given.map((one) => one.storage)]) storage.destroy();
  }

  #upload(label: string, values: Float32Array | Uint32Array): Storage {
    const storage = this.device.upload(label, values);
    this.#given.push({ storage, values });
    return storage;
  }
}

const all = RULES.flatMap((rule) => rule.cases.map((one, i) => [`${rule.name}, case ${i + 1}`, rule, one] as const));

/** Float64's epsilon, in units of float32's, times 2¹⁰ for the roundings of the dispatches before the last. */
const FLOAT64 = 2 ** -29 * 2 ** 10;

test.each(all)('%s', async (_, rule: Rule, one: RuleCase) => {
  const built = new Built(gpu(), one);
  const fused = built.fused();
  expect([built.plain.length, fused.length]).toEqual([one.plain, one.fused]);
  const [wanted, same] = [built.byReference(built.plain), built.byReference(fused)];
  for (const [name, values] of Object.entries(wanted.values)) {
    const bounds = (same.within[name] as Float64Array).map((bound) => bound * FLOAT64);
    expectClose(`formula of ${name}`, same.values[name] as Float64Array, values, bounds);
  }
  const plainValues = await built.onDevice('plain', built.plain);
  const fusedValues = await built.onDevice('fused', fused);
  if (!rule.rounding && one.fused === 1) expect(fusedValues, 'bit for bit').toEqual(plainValues);
  built.destroy();
});

test('each rule has a name of its own, a formula and a case', () => {
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
  for (const { formula, cases } of RULES) expect([formula.length > 0, cases.length > 0]).toEqual([true, true]);
});

test('each rule is needed: without it, one of its cases stays longer', () => {
  for (const rule of RULES) {
    const others = RULES.filter((other) => other !== rule);
    const longer = rule.cases.some((one) => {
      const built = new Built(gpu(), one);
      built.destroy();
      return built.fused(others).length > one.fused;
    });
    expect(longer, rule.name).toBe(true);
  }
});

test('what would bind more buffers than the device allows stays apart', () => {
  const [one] = batchNormWholeRule.cases;
  const built = new Built(gpu(), one as RuleCase);
  built.destroy();
  // The joined kernel binds x, γ, β, y, the statistics, their moving averages, and the parts' sums.
  expect([9, 8].map((buffers) => built.fused(RULES, buffers).length)).toEqual([1, 2]);
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
