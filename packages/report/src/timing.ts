/**
 * How long recordings and single kernels take, as medians with quartiles, by the device's timestamps or by the clock;
 * and what a device can do at best.
 */
import {
  type DispatchTime,
  type Gpu,
  type Kernel,
  probeCopy,
  probeFma,
  Recorder,
  type Recording,
  type Storage,
} from '@anke/kernels';
import { Random } from '@anke/random';

/** A measurement is at least this long, so that the clock and the submit do not count. */
const SAMPLE_MILLISECONDS = 150;
/** All measurements of one thing together take about this long, but are at least three. */
const TOTAL_MILLISECONDS = 2500;

export interface Times {
  readonly median: number;
  readonly quartiles: readonly [number, number];
}

export const milliseconds = ({ median, quartiles }: Times): string =>
  `${digits(median)} ms (${digits(quartiles[0])} … ${digits(quartiles[1])})`;

const digits = (ms: number): string => ms.toFixed(ms < 1 ? 4 : ms < 100 ? 2 : 0);

export function timesOf(samples: readonly number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)] };
}

const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, Math.round(value)));

/**
 * Median and quartiles of a recording's milliseconds, by the clock on the wall.
 *
 * @param total about how many milliseconds the measurements may take together
 */
export async function measure(gpu: Gpu, recording: Recording, total = TOTAL_MILLISECONDS): Promise<Times> {
  const run = async (times: number): Promise<number> => {
    const started = performance.now();
    recording.submit(times);
    await gpu.finish();
    return (performance.now() - started) / times;
  };
  await run(1);
  const once = await run(1);
  const times = clamp(SAMPLE_MILLISECONDS / once, 1, 200);
  const samples: number[] = [];
  const repeats = clamp(total / (once * times), 3, 15);
  for (let i = 0; i < repeats; i++) samples.push(await run(times));
  return timesOf(samples);
}

/** Dispatches are timed in rounds that take about this long together, but are at least three, at most fifteen. */
const ROUNDS_MILLISECONDS = 2000;

/**
 * What each dispatch of a recording takes by the device's timestamps: medians of several rounds, after two that do not
 * count, as the first use of a pipeline or of memory takes many times as long.
 *
 * @param begin what is to be done before each round
 */
export async function timeDispatches(
  recording: Recording,
  begin: () => void = () => undefined,
): Promise<{ readonly rounds: number; readonly times: readonly DispatchTime[] }> {
  const round = async (): Promise<DispatchTime[]> => {
    begin();
    return await recording.time();
  };
  await round();
  const once = (await round()).reduce((sum, { milliseconds: ms }) => sum + ms, 0);
  const rounds: DispatchTime[][] = [];
  const repeats = clamp(ROUNDS_MILLISECONDS / once, 3, 15);
  for (let i = 0; i < repeats; i++) rounds.push(await round());
  const times = (rounds[0] as DispatchTime[]).map(({ kernel, variant, cost }, i) => ({
    ...{ kernel, variant, cost },
    milliseconds: timesOf(rounds.map((each) => (each[i] as DispatchTime).milliseconds)).median,
  }));
  return { rounds: repeats, times };
}

/** Inputs are drawn up to here and then repeated: what is in them does not change the time. */
const DRAWN = 2 ** 14;

/** Memory for what a kernel needs, filled as its tests fill it. */
function sampleBindings(gpu: Gpu, kernel: Kernel, params: object): Record<string, Storage> {
  const needed = Object.entries(kernel.bindings).filter(([, binding]) => binding.needed?.(params) !== false);
  const storages = needed.map(([name, binding]) => {
    const random = new Random(1, name);
    const length = binding.length(params);
    const values = binding.type === 'f32' ? new Float32Array(length) : new Uint32Array(length);
    const drawn = Math.min(length, DRAWN);
    for (let i = 0; i < drawn; i++) values[i] = binding.sample?.(params, random, i) ?? random.normal();
    for (let done = drawn; done < length; done *= 2) values.copyWithin(done, 0, done);
    return [name, gpu.upload(name, values)] as const;
  });
  return Object.fromEntries(storages);
}

/** How a kernel is timed. */
export interface Timing {
  /** About how many milliseconds it may take; it runs at least four times. */
  readonly budget?: number;
  /** Whether the device's timestamps tell, rather than the clock on the wall; so they do if there are any. */
  readonly timestamps?: boolean;
}

export interface KernelRun {
  readonly kernel: Kernel;
  readonly params: object;
  readonly variant: string;
}

/** Times one variant of a kernel, with the join of its parts if it has one. */
export async function measureKernel(
  gpu: Gpu,
  { kernel, params, variant }: KernelRun,
  { budget = SAMPLE_MILLISECONDS, timestamps = gpu.device.features.has('timestamp-query') }: Timing = {},
): Promise<Times> {
  const bindings = sampleBindings(gpu, kernel, params);
  const recordings: Recording[] = [];
  const record = async (times: number): Promise<Recording> => {
    const recorder = new Recorder(gpu, { fuse: false });
    for (let i = 0; i < times; i++) recorder.dispatch(kernel, params, bindings, variant);
    const recording = await recorder.finish();
    recordings.push(recording);
    return recording;
  };
  try {
    const once = await record(1);
    once.submit();
    await gpu.finish();
    const started = performance.now();
    once.submit();
    await gpu.finish();
    const first = performance.now() - started;
    if (!timestamps) return await measure(gpu, once, (TOTAL_MILLISECONDS / SAMPLE_MILLISECONDS) * budget);
    const times = clamp(budget / first, 4, 50);
    const dispatches = await (await record(times)).time();
    const samples = new Array<number>(times).fill(0);
    dispatches.forEach(({ milliseconds: ms }, i) => {
      const run = Math.floor(i / once.dispatches);
      samples[run] = (samples[run] as number) + ms;
    });
    return timesOf(samples);
  } finally {
    for (const recording of recordings) recording.destroy();
    for (const storage of Object.values(bindings)) storage.destroy();
  }
}

/** What a device can do at best. */
export interface Limits {
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
}

/** Longer than this, a probe keeps a device busy for sure. */
const LONG_MILLISECONDS = 100;

/** What the device can do, by two kernels that only multiply and add, and only copy. */
export async function probe(gpu: Gpu, timing: Timing = {}): Promise<Limits> {
  const fma = { length: 2 ** 16, rounds: 64 };
  const copy = { length: 2 ** 23 };
  const best = async (kernel: Kernel, params: object): Promise<number> =>
    (await measureKernel(gpu, { kernel, params, variant: 'plain' }, timing)).quartiles[0];
  // A large device needs more threads before it is busy.
  let flops = 0;
  for (const length of [fma.length, 16 * fma.length, 64 * fma.length]) {
    const params = { ...fma, length };
    const ms = await best(probeFma, params);
    flops = Math.max(flops, probeFma.cost(params).flops / ms);
    if (ms > LONG_MILLISECONDS) break;
  }
  const bytes = probeCopy.cost(copy).bytes / (await best(probeCopy, copy));
  return { gflops: flops / 1e6, gigabytesPerSecond: bytes / 1e6 };
}
