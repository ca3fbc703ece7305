/**
 * Schedules of the learning rate, as Keras has them (keras/src/optimizers/schedules/learning_rate_schedule.py), and
 * Smith's one-cycle policy. Each is data, and becomes stretches that the device follows by the optimizer's own count of
 * its steps, from 0: see `kernels/src/optimizer/schedule.ts`, where the shapes' formulas stand.
 */
import { rateAt, type Stretch } from '@anke/kernels';
import { ModelError } from '../errors.js';
import { notNegative, positive } from './checks.js';

/** The types of schedules. A table about them is a `Record<ScheduleType, …>`. */
export const SCHEDULE_TYPES = [
  'cosineDecay',
  'cosineDecayRestarts',
  'exponentialDecay',
  'inverseTimeDecay',
  'piecewiseConstantDecay',
  'polynomialDecay',
  'oneCycle',
] as const;
export type ScheduleType = (typeof SCHEDULE_TYPES)[number];

/** Half a cosine down to alpha times the rate, perhaps after a straight line up (Loshchilov and Hutter, «SGDR»). */
export interface CosineDecay {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** Share of the rate that is left in the end; 0 if absent. */
  readonly alpha?: number;
  /** The rate after the warm-up, from which the cosine then starts. */
  readonly warmupTarget?: number;
  /** 0 if absent. */
  readonly warmupSteps?: number;
}

/** Half a cosine, again and again. */
export interface CosineDecayRestarts {
  readonly initialLearningRate: number;
  readonly firstDecaySteps: number;
  /** Each cosine is so many times as long as the one before; 2 if absent. */
  readonly tMul?: number;
  /** Each cosine starts so many times as high as the one before; 1 if absent. */
  readonly mMul?: number;
  /** Share of the rate that is left at the end of each; 0 if absent. */
  readonly alpha?: number;
}

/** initialLearningRate · decayRate^(step / decaySteps), or with the exponent rounded down. */
export interface ExponentialDecay {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  readonly staircase?: boolean;
}

/** initialLearningRate / (1 + decayRate · step / decaySteps), or with the quotient of steps rounded down. */
export type InverseTimeDecay = ExponentialDecay;

/** values[0] up to step boundaries[0], with it, then values[1], and so on. */
export interface PiecewiseConstantDecay {
  readonly boundaries: readonly number[];
  /** One more than boundaries. */
  readonly values: readonly number[];
}

/** (initialLearningRate − endLearningRate) · (1 − step / decaySteps)^power + endLearningRate. */
export interface PolynomialDecay {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** 0.0001 if absent. */
  readonly endLearningRate?: number;
  /** 1 if absent. */
  readonly power?: number;
}

/**
 * Half a cosine up and half a cosine down (Smith and Topin, arXiv:1708.07120), with PyTorch's formula
 * (torch.optim.lr_scheduler.OneCycleLR, two phases): from maxLearningRate / divFactor up to it, and down to
 * maxLearningRate / divFactor / finalDivFactor. The momentum stays.
 */
export interface OneCycle {
  readonly maxLearningRate: number;
  readonly totalSteps: number;
  /** Share of the steps that go up; 0.3 if absent. */
  readonly pctStart?: number;
  /** 25 if absent. */
  readonly divFactor?: number;
  /** 10,000 if absent. */
  readonly finalDivFactor?: number;
}

interface Schedules {
  readonly cosineDecay: CosineDecay;
  readonly cosineDecayRestarts: CosineDecayRestarts;
  readonly exponentialDecay: ExponentialDecay;
  readonly inverseTimeDecay: InverseTimeDecay;
  readonly piecewiseConstantDecay: PiecewiseConstantDecay;
  readonly polynomialDecay: PolynomialDecay;
  readonly oneCycle: OneCycle;
}

/** A schedule: its type, and that type's options. */
export type LearningRateSchedule = { [T in ScheduleType]: { readonly type: T } & Schedules[T] }[ScheduleType];

/** Larger counts of steps are no float32. */
const MOST_STEPS = 2 ** 24;
/** Steps are counted up to here. */
const END_OF_COUNT = 2 ** 32;
const MOST_STRETCHES = 1024;

/** @throws ModelError if the value is no count of steps, of at least `least` */
function steps(value: number, what: string, least = 1): number {
  if (!Number.isInteger(value) || value < least || value > MOST_STEPS)
    throw new ModelError(`${what} must be a whole number from ${least} to ${MOST_STEPS}, not ${value}`);
  return value;
}

const SMOOTH = { from: 0, offset: 0, length: 1, bend: 1, staircase: false } as const;

/** The same rate from a step on. */
const flat = (from: number, value: number): Stretch => ({
  ...SMOOTH,
  shape: 'linear',
  from,
  begin: value,
  end: value,
});

/** How each type becomes stretches. */
const STRETCHES: { readonly [T in ScheduleType]: (schedule: Schedules[T]) => readonly Stretch[] } = {
  cosineDecay({ initialLearningRate, decaySteps, alpha = 0, warmupTarget, warmupSteps }) {
    const first = notNegative(initialLearningRate, 'initialLearningRate');
    const length = steps(decaySteps, 'decaySteps');
    if (warmupTarget === undefined && warmupSteps !== undefined) throw new ModelError('warmupSteps needs warmupTarget');
    const begin = warmupTarget === undefined ? first : positive(warmupTarget, 'warmupTarget');
    const from = steps(warmupSteps ?? 0, 'warmupSteps', 0);
    const end = begin * notNegative(alpha, 'alpha');
    return [
      ...(from > 0 ? [{ ...SMOOTH, shape: 'linear', length: from, begin: first, end: begin } as const] : []),
      { ...SMOOTH, shape: 'cosine', from, length, begin, end },
      flat(from + length, end),
    ];
  },
  cosineDecayRestarts({ initialLearningRate, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0 }) {
    const begin = positive(initialLearningRate, 'initialLearningRate');
    const end = begin * notNegative(alpha, 'alpha');
    const bend = positive(mMul, 'mMul');
    let length = steps(firstDecaySteps, 'firstDecaySteps');
    if (!(tMul >= 1 && Number.isFinite(tMul))) throw new ModelError(`tMul must be at least 1, not ${tMul}`);
    if (tMul === 1) return [{ ...SMOOTH, shape: 'waves', length, begin, end, bend }];
    const stretches: Stretch[] = [];
    for (let start = 0, height = begin - end; start < END_OF_COUNT; start += length, length *= tMul, height *= bend) {
      if (stretches.length === MOST_STRETCHES)
        throw new ModelError(`tMul must be 1, or larger than ${tMul}: it makes more than ${MOST_STRETCHES} restarts`);
      // A sum that has been rounded up must not put a restart off by a step.
      const from = Math.ceil(start * (1 - 2 ** -40));
      const offset = Math.max(from - start, 0);
      stretches.push({
        ...SMOOTH,
        shape: 'cosine',
        from,
        offset,
        length: stretchLength(length),
        begin: end + height,
        end,
      });
    }
    return stretches;
  },
  exponentialDecay: (schedule) => [decay('exponential', schedule)],
  inverseTimeDecay: (schedule) => [decay('inverse', schedule)],
  piecewiseConstantDecay({ boundaries, values }) {
    if (values.length !== boundaries.length + 1)
      throw new ModelError(
        `${boundaries.length} boundaries need ${boundaries.length + 1} values, not ${values.length}`,
      );
    boundaries.forEach((boundary, i) => {
      steps(boundary, `boundaries[${i}]`, i === 0 ? 0 : (boundaries[i - 1] as number) + 1);
    });
    return values.map((value, i) =>
      flat(i === 0 ? 0 : (boundaries[i - 1] as number) + 1, notNegative(value, `values[${i}]`)),
    );
  },
  polynomialDecay({ initialLearningRate, decaySteps, endLearningRate = 0.0001, power = 1 }) {
    const length = steps(decaySteps, 'decaySteps');
    const begin = positive(initialLearningRate, 'initialLearningRate');
    const end = notNegative(endLearningRate, 'endLearningRate');
    const bend = positive(power, 'power');
    return [{ ...SMOOTH, shape: bend === 1 ? 'linear' : 'power', length, begin, end, bend }, flat(length, end)];
  },
  oneCycle({ maxLearningRate, totalSteps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 }) {
    const top = positive(maxLearningRate, 'maxLearningRate');
    const first = top / positive(divFactor, 'divFactor');
    const last = first / positive(finalDivFactor, 'finalDivFactor');
    const end = steps(totalSteps, 'totalSteps', 2) - 1;
    const peak = pctStart * totalSteps - 1;
    if (!(peak > 0 && peak < end))
      throw new ModelError(
        `pctStart must let more than one of ${totalSteps} steps go up, and not all, not ${pctStart}`,
      );
    const from = Math.floor(peak) + 1;
    return [
      { ...SMOOTH, shape: 'cosine', length: peak, begin: first, end: top },
      { ...SMOOTH, shape: 'cosine', from, offset: from - peak, length: end - peak, begin: top, end: last },
      flat(end, last),
    ];
  },
};

/** Beyond float32's whole numbers no step tells them apart. */
const stretchLength = (length: number): number => Math.min(length, END_OF_COUNT);

const decay = (
  shape: 'exponential' | 'inverse',
  { initialLearningRate, decaySteps, decayRate, staircase = false }: ExponentialDecay,
): Stretch => ({
  ...SMOOTH,
  shape,
  length: steps(decaySteps, 'decaySteps'),
  begin: positive(initialLearningRate, 'initialLearningRate'),
  end: 0,
  bend: positive(decayRate, 'decayRate'),
  staircase,
});

/**
 * What the device follows.
 *
 * @throws ModelError that names the option which is out of range
 */
export function stretchesOf(schedule: LearningRateSchedule): readonly Stretch[] {
  if (!SCHEDULE_TYPES.includes(schedule.type))
    throw new ModelError(
      `no schedule of the learning rate is called ${schedule.type}: use ${SCHEDULE_TYPES.join(', ')}`,
    );
  const stretches = STRETCHES[schedule.type](schedule as never);
  if (stretches.length > MOST_STRETCHES)
    throw new ModelError(`a schedule may have ${MOST_STRETCHES} parts, not ${stretches.length}`);
  return stretches;
}

/**
 * The learning rate of an optimizer's step, counted from 0, in float64; on the device it is a float32.
 *
 * @throws ModelError that names the option which is out of range
 */
export const scheduledRate = (schedule: LearningRateSchedule, step: number): number =>
  rateAt(stretchesOf(schedule), step);
