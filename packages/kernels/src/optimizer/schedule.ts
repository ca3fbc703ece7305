/**
 * An optimizer's count of its own steps, and the learning rate of each. The rate lies on the device and follows the
 * count there, so that it changes from step to step within an epoch, and nothing is uploaded. All float32.
 *
 * A schedule is a list of stretches, each with a shape. With x = steps that have passed of a stretch / its length:
 *
 *   linear        begin + (end − begin) · x
 *   cosine        end + (begin − end) · (1 + cos πx) / 2       waves       the same again and again, with (begin − end)
 *   power         end + (begin − end) · (1 − x)^bend                       multiplied by bend each time
 *   exponential   begin · bendˣ                                inverse     begin / (1 + bend · x)
 *
 * WGSL allows cos to be off by 2⁻¹¹, which is much for a rate. So with s = sin(πu/2), (1 + cos πx)/2 is 1 − s² for
 * u = x ≤ 1/2, and s² for u = 1 − x beyond. There the angle y is at most π/4, and s is the Taylor polynomial up to y⁹:
 * terms of an alternating series that fall in size leave less than the next one, y¹¹/11! ≤ 2⁻²⁸ · sin y.
 *
 * Where a step has met values that are not finite, count and rate stay as they are, like the weights.
 *
 * One thread. Timed by `pnpm anke bench kernels --filter optimizer`.
 */
import { COUNTER, COUNTERS_WGSL, counters } from '../finite/faults.js';
import { type Binding, defineKernel } from '../runtime/kernel.js';
import { constantArray, constants, opaque } from '../runtime/wgsl.js';

const SHAPES = ['linear', 'cosine', 'waves', 'power', 'exponential', 'inverse'] as const;

/** A part of a schedule. */
export interface Stretch {
  readonly shape: (typeof SHAPES)[number];
  /** Its first step; that of the first stretch is 0. */
  readonly from: number;
  /** How much of it has passed then already: 0 … 1. */
  readonly offset: number;
  /** In steps. */
  readonly length: number;
  readonly begin: number;
  readonly end: number;
  readonly bend: number;
  /** Whether x is rounded down to a whole number. */
  readonly staircase: boolean;
}

/** Steps in a unit of the count's second number: so two float32 count exactly, up to 2³². */
const UNIT = 2 ** 20;

/** How many steps an optimizer has done: the rest, and units of 2²⁰. */
export const iterations = {
  access: 'update',
  type: 'f32',
  length: () => 2,
} as const satisfies Binding<object>;

/** WGSL of `iteration() -> u32`. */
export const ITERATION_WGSL = `
fn iteration() -> u32 { return u32(iterations[1]) * ${UNIT}u + u32(iterations[0]); }`;

export const iterationOf = ([rest = 0, units = 0]: Float64Array): number => units * UNIT + rest;

/** The numbers behind {@link iterationOf}. */
const iterationsOf = (step: number): Float64Array => Float64Array.of(step % UNIT, Math.floor(step / UNIT));

export interface ScheduleParams {
  /** In their order; none if the learning rate is not scheduled, so that steps are counted only. */
  readonly stretches: readonly Stretch[];
  /** For tests: the step that comes. */
  readonly sampled?: number;
}

const bindings = {
  iterations: { ...iterations, sample: (p, _, index) => iterationsOf(p.sampled ?? 0)[index] as number },
  rate: { access: 'update', type: 'f32', length: () => 1, needed: (p) => p.stretches.length > 0 },
  counters: { ...counters, access: 'read' },
} as const satisfies Record<string, Binding<ScheduleParams>>;

/** What each shape gives, where `passed` and `x` are known. */
const VALUES: Readonly<Record<Stretch['shape'], string>> = {
  linear: 'fma(end - begin, x, begin)',
  cosine: 'fma(begin - end, wave(passed, length), end)',
  waves: 'fma((begin - end) * exp(f32(since / u32(length)) * logBend), wave(f32(since % u32(length)), length), end)',
  power: 'fma(begin - end, pow((length - passed) / length, bend), end)',
  exponential: 'begin * exp(x * logBend)',
  inverse: 'begin / fma(bend, x, 1.0)',
};

/** The step's rate, from `step`. */
function rateWgsl(stretches: readonly Stretch[]): string {
  const used = SHAPES.filter((shape) => stretches.some((stretch) => stretch.shape === shape));
  const cases = used.map((shape) => `  if (SHAPE[now] == ${SHAPES.indexOf(shape)}u) { value = ${VALUES[shape]}; }`);
  return `
  var now = 0u;
  for (var i = 1u; i < ${opaque('STRETCHES', 'iterations')}; i++) { now = select(now, i, step >= FROM[i]); }
  let begin = BEGIN[now];
  let end = END[now];
  let length = LENGTH[now];
  let bend = BEND[now];
  let logBend = LOG_BEND[now];
  let since = step - FROM[now];
  let passed = f32(since) + OFFSET[now];
  let x = select(passed / length, f32(since / u32(max(length, 1.0))), STAIRCASE[now] == 1u);
  var value = 0.0;
${cases.join('\n')}
  rate[0] = value;`;
}

/** WGSL's own logarithm may be off by 2⁻²¹ near 1. */
const logBend = ({ shape, bend }: Stretch): number =>
  shape === 'exponential' || shape === 'waves' ? Math.log(bend) : 0;

function tablesWgsl(stretches: readonly Stretch[]): string {
  const table = (name: string, type: 'f32' | 'u32', of: (stretch: Stretch) => number): string =>
    constantArray(name, type, stretches.map(of));
  return `
${constants({ STRETCHES: stretches.length })}
${table('FROM', 'u32', ({ from }) => from)}
${table('SHAPE', 'u32', ({ shape }) => SHAPES.indexOf(shape))}
${table('STAIRCASE', 'u32', ({ staircase }) => Number(staircase))}
${table('OFFSET', 'f32', ({ offset }) => offset)}
${table('LENGTH', 'f32', ({ length }) => length)}
${table('BEGIN', 'f32', ({ begin }) => begin)}
${table('END', 'f32', ({ end }) => end)}
${table('BEND', 'f32', ({ bend }) => bend)}
${table('LOG_BEND', 'f32', logBend)}

// (1 + cos πx) / 2 for x = passed / length in 0 … 1.
fn wave(passed: f32, length: f32) -> f32 {
  let late = passed > 0.5 * length;
  let y = ${Math.fround(Math.PI / 2)}f * (select(passed, length - passed, late) / length);
  let q = y * y;
  let sine = y * fma(q, fma(q, fma(q, fma(q, ${1 / 362880}, ${-1 / 5040}), ${1 / 120}), ${-1 / 6}), 1.0);
  return select(fma(-sine, sine, 1.0), sine * sine, late);
}`;
}

const PLAIN = { from: 0, offset: 0, begin: 0.1, end: 0.001, bend: 1, staircase: false } as const;
/** Ten steps up, a cosine down from a tenth of a step earlier, and what is left. */
const WARMED_COSINE: readonly Stretch[] = [
  { ...PLAIN, shape: 'linear', length: 10, begin: 0.01, end: 0.1 },
  { ...PLAIN, shape: 'cosine', from: 10, offset: 0.1, length: 999.5 },
  { ...PLAIN, shape: 'linear', from: 1010, length: 1, begin: 0.001 },
];

/** Brings the count forward by a step, and writes the rate of that step, which is counted from 0. */
export const schedule = defineKernel<ScheduleParams, keyof typeof bindings>({
  name: 'optimizer/schedule',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: () => [1, 1, 1],
      wgsl: ({ stretches }) => `
${COUNTERS_WGSL}
${ITERATION_WGSL}
${stretches.length > 0 ? tablesWgsl(stretches) : ''}

@compute @workgroup_size(1)
fn main() {
  if (counters[FAULTS] > 0u) { return; }
  let step = iteration();
${stretches.length > 0 ? rateWgsl(stretches) : ''}
  let next = step + 1u;
  iterations[0] = f32(next % ${UNIT}u);
  iterations[1] = f32(next / ${UNIT}u);
}`,
    },
  },
  cost: ({ stretches }) => ({ flops: 40, bytes: 20 + (stretches.length > 0 ? 4 : 0) }),
  // The cosine's polynomial and its square take 13, its angle 6 more; exp and pow count 7 for each unit of exponent.
  terms: () => 24,
  reference: (p, { iterations: before, rate, counters: counted }) => {
    const isScheduled = p.stretches.length > 0;
    if ((counted[COUNTER.faults] as number) > 0) return { iterations: before, ...(isScheduled ? { rate } : {}) };
    const step = iterationOf(before);
    return {
      iterations: iterationsOf(step + 1),
      ...(isScheduled ? { rate: Float64Array.of(rateAt(p.stretches, step)) } : {}),
    };
  },
  magnitudes: (p, inputs) => ({
    iterations: new Float64Array(2),
    ...(p.stretches.length > 0
      ? { rate: Float64Array.of(rateMagnitude(p.stretches, iterationOf(inputs.iterations))) }
      : {}),
  }),
  cases: [
    { stretches: [], sampled: UNIT - 1 },
    { stretches: [], sampled: 2 ** 31 + 5 },
    ...[0, 1, 9, 10, 499, 500, 509, 510, 1008, 1009, 1010, 70_000, 2 ** 24 + 3].map((sampled) => ({
      stretches: WARMED_COSINE,
      sampled,
    })),
    ...[0, 7, 8, 9, 21, 1000].map(
      (sampled) => ({ stretches: [{ ...PLAIN, shape: 'waves', length: 8, bend: 0.75 }], sampled }) as const,
    ),
    ...[0, 3, 90, 99].map(
      (sampled) => ({ stretches: [{ ...PLAIN, shape: 'power', length: 100, bend: 0.5 }], sampled }) as const,
    ),
    ...[0, 1, 9, 10, 333, 5000].flatMap((sampled) =>
      (['exponential', 'inverse'] as const).flatMap((shape) =>
        [false, true].map((staircase) => ({
          stretches: [{ ...PLAIN, shape, length: 10, bend: 0.96, staircase }],
          sampled,
        })),
      ),
    ),
  ],
});

const stretchAt = (stretches: readonly Stretch[], step: number): Stretch =>
  stretches.findLast(({ from }) => step >= from) as Stretch;

/** The learning rate of a step, counted from 0, in float64. */
export function rateAt(stretches: readonly Stretch[], step: number): number {
  const { shape, from, offset, length, begin, end, bend, staircase } = stretchAt(stretches, step);
  const since = step - from;
  const x = staircase ? Math.floor(since / length) : (since + offset) / length;
  const wave = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2;
  switch (shape) {
    case 'linear':
      return begin + (end - begin) * x;
    case 'cosine':
      return end + (begin - end) * wave(x);
    case 'waves':
      return end + (begin - end) * bend ** Math.floor(since / length) * wave((since % length) / length);
    case 'power':
      return end + (begin - end) * (1 - x) ** bend;
    case 'exponential':
      return begin * bend ** x;
    case 'inverse':
      return begin / (1 + bend * x);
  }
}

/** Sums of the absolute terms behind a step's rate: what exp and pow may be off grows with their exponents. */
function rateMagnitude(stretches: readonly Stretch[], step: number): number {
  const stretch = stretchAt(stretches, step);
  const { shape, from, length, begin, end, bend } = stretch;
  const value = rateAt(stretches, step);
  const exponent = (times: number): number => 1 + Math.abs(times * Math.log2(bend));
  switch (shape) {
    case 'linear':
    case 'cosine':
      return begin + end;
    case 'waves': {
      const times = Math.floor((step - from) / length);
      return end + (begin + end) * bend ** times * exponent(times);
    }
    case 'power': {
      const left = 1 - (step - from) / length;
      return end + Math.abs(value - end) * (1 + bend + Math.abs(bend * Math.log2(left)));
    }
    case 'exponential':
      return value * exponent((step - from) / length);
    case 'inverse':
      return value;
  }
}
