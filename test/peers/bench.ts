/**
 * `pnpm bench:peers`: a training step and a prediction of the notebook's CNN by Anke and by its peers, on the same
 * adapter, turn by turn in one process, so that whatever slows the machine down slows them all. «First» is the time to
 * the end of the first run, with compiling but not with Anke's tuning, which is done once for a device; with
 * MESA_SHADER_CACHE_DISABLE=true, software drivers show it cold. `--json` prints one JSON object on stdout; all else
 * then goes to stderr.
 */
import { openAdapter } from '../../packages/dawn/dist/index.js';
import type { Peer, Run } from './peer.js';

const CASES = [
  { what: 'training step', kind: 'trainer', batch: 32 },
  { what: 'training step', kind: 'trainer', batch: 128 },
  { what: 'prediction', kind: 'predictor', batch: 1 },
  { what: 'prediction', kind: 'predictor', batch: 256 },
] as const;
/** Runs before the clock counts: the first ones compile, and an engine may compile again on the second. */
const WARM_UP = 3;
const ROUNDS = 7;
/** Short runs are repeated within a round. */
const ROUND_MILLISECONDS = 200;

const json = process.argv.includes('--json');
const unknown = process.argv.slice(2).filter((word) => word !== '--json' && word !== '--');
if (unknown.length > 0) {
  process.stderr.write(`bench:peers takes --json, not ${unknown.join(' ')}\n`);
  process.exit(2);
}
const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);

const report = await openAdapter(say);
// The peers look for WebGPU where a browser has it.
Object.defineProperty(globalThis, 'navigator', {
  value: { gpu: report.gpu, userAgent: 'node', hardwareConcurrency: 1 },
  configurable: true,
});
const { anke } = await import('./anke.js');
const { tensorflow } = await import('./tensorflow.js');
const { jax } = await import('./jax.js');
const peers: Peer[] = [await anke(report.adapter), await tensorflow(), await jax()];

say(`adapter: ${report.name}`);
const clock = async (run: Run, times = 1): Promise<number> => {
  const started = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - started) / times;
};
const quartile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.round(share * (values.length - 1))] as number;

const results: object[] = [];
for (const { what, kind, batch } of CASES) {
  say(`\n${what}, batch ${batch}`);
  const lanes: { name: string; run: Run; times: number; first: number; samples: number[] }[] = [];
  for (const peer of peers) {
    await peer.tune?.(kind, batch);
    const started = performance.now();
    const run = await peer[kind](batch);
    await run();
    const first = performance.now() - started;
    for (let i = 1; i < WARM_UP; i++) await run();
    const times = Math.max(1, Math.round(ROUND_MILLISECONDS / (await clock(run))));
    lanes.push({ name: peer.name, run, times, first, samples: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const lane of lanes) lane.samples.push(await clock(lane.run, lane.times));
  }
  const own = quartile(lanes[0]?.samples ?? [], 0.5);
  for (const { name, first, samples } of lanes) {
    const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quartile(samples, share)) as [number, number, number];
    const ratio = median / own;
    const spread = `(${low.toFixed(2)} … ${high.toFixed(2)})`;
    const images = `${((batch / median) * 1000).toFixed(0)} images/s`;
    const compared = name === peers[0]?.name ? '' : `Anke is ${ratio.toFixed(1)} × as fast`;
    const start = `first ${(first / 1000).toFixed(1)} s`;
    const times = `${median.toFixed(2).padStart(9)} ms ${spread.padEnd(22)} ${images.padStart(15)}`;
    say(`  ${name.padEnd(14)} ${times}  ${start.padEnd(12)} ${compared}`.trimEnd());
    results.push({ what, batch, engine: name, median, quartiles: [low, high], firstMs: first, ratio });
  }
}
if (json) process.stdout.write(`${JSON.stringify({ adapter: report.name, results })}\n`);
process.exit(0);
