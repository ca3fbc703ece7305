/**
 * How long recordings and single kernels take, as medians with quartiles: by the device's timestamps, or by the clock.
 */
import { type Gpu, type Kernel, Recorder, type Recording } from '@anke/kernels';
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

/** Median and quartiles of a recording's milliseconds, by the clock on the wall. */
export async function measure(gpu: Gpu, recording: Recording): Promise<Times> {
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
  const repeats = clamp(TOTAL_MILLISECONDS / (once * times), 3, 15);
  for (let i = 0; i < repeats; i++) samples.push(await run(times));
  return timesOf(samples);
}

/** Inputs are drawn up to here and then repeated: what is in them does not change the time. */
const DRAWN = 2 ** 14;

/**
 * Times one variant of a kernel, by the device's timestamps where it has them.
 *
 * @param budget about how many milliseconds it may take; it runs at least four times
 */
export async function measureKernel(
  gpu: Gpu,
  kernel: Kernel,
  params: object,
  variant: string,
  budget = SAMPLE_MILLISECONDS,
): Promise<Times> {
  const storages = Object.entries(kernel.bindings).map(([name, { type, length, sample }]) => {
    const random = new Random(1, name);
    const values = type === 'f32' ? new Float32Array(length(params)) : new Uint32Array(length(params));
    const drawn = Math.min(values.length, DRAWN);
    for (let i = 0; i < drawn; i++) values[i] = sample?.(params, random, i) ?? random.normal();
    for (let done = drawn; done < values.length; done *= 2) values.copyWithin(done, 0, done);
    return [name, gpu.upload(name, values)] as const;
  });
  const bindings = Object.fromEntries(storages);
  const record = async (times: number): Promise<Recording> => {
    const recorder = new Recorder(gpu);
    for (let i = 0; i < times; i++) recorder.dispatch(kernel, params, bindings, variant);
    return await recorder.finish();
  };
  try {
    const once = await record(1);
    once.submit();
    await gpu.finish();
    const started = performance.now();
    once.submit();
    await gpu.finish();
    const first = performance.now() - started;
    if (!gpu.device.features.has('timestamp-query')) return await measure(gpu, once);
    const recording = await record(clamp(budget / first, 4, 50));
    return timesOf((await recording.time()).map(({ milliseconds: ms }) => ms));
  } finally {
    for (const [, storage] of storages) storage.buffer?.destroy();
  }
}
