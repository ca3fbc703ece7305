import type { Gpu, Recording } from '@anke/kernels';

const WARM_UP = 3;
const REPEATS = 15;
/** A measurement is at least this long, so that the clock and the submit do not count. */
const SAMPLE_MILLISECONDS = 150;

export interface Times {
  readonly median: number;
  readonly quartiles: readonly [number, number];
}

export const milliseconds = ({ median, quartiles }: Times): string =>
  `${median.toFixed(2)} ms (${quartiles[0].toFixed(2)} … ${quartiles[1].toFixed(2)})`;

/** Median and quartiles of a recording's milliseconds, by the clock on the wall. */
export async function measure(gpu: Gpu, recording: Recording): Promise<Times> {
  const run = async (times: number): Promise<number> => {
    const started = performance.now();
    recording.submit(times);
    await gpu.finish();
    return (performance.now() - started) / times;
  };
  const times = Math.max(1, Math.min(200, Math.round(SAMPLE_MILLISECONDS / (await run(WARM_UP)))));
  const samples: number[] = [];
  for (let i = 0; i < REPEATS; i++) samples.push(await run(times));
  samples.sort((a, b) => a - b);
  const at = (share: number): number => samples[Math.round(share * (REPEATS - 1))] as number;
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)] };
}
