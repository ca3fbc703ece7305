/**
 * `pnpm bench:peers`: training steps and predictions of a model by Anke and by its peers, on the same adapter, turn by
 * turn in one process, so that whatever slows the machine down slows them all. «First» is the time to the end of the
 * first run, with compiling but not with Anke's tuning, which is done once for a device; with
 * MESA_SHADER_CACHE_DISABLE=true, software drivers show it cold. Of the notebook's model, predictions are measured too.
 * `--json` prints one JSON object on stdout; all else then goes to stderr.
 */
import { openAdapter } from '../../packages/dawn/dist/index.js';
import { countParameters } from '../../packages/nn/dist/index.js';
import { optionsOf, refuse } from '../arguments.mjs';
import { MODELS, type Model } from './models.js';
import type { Peer, Run } from './peer.js';
import { pytorch } from './pytorch.js';

/** Runs before the clock counts: the first ones compile, and an engine may compile again on the second. */
const WARM_UP = 3;
/** Short runs are repeated within a round. */
const ROUND_MILLISECONDS = 200;

const USAGE = `pnpm bench:peers: training steps and predictions by Anke and by its peers, on one adapter

  --model NAME     ${Object.keys(MODELS).join(', ')} (notebook)
  --image-size N   side of the images in pixels
  --batch N        images a training step; predictions are left out then
  --steps N        so many rounds (7)
  --json           one JSON object on stdout, all else on stderr`;

interface Case {
  readonly what: string;
  readonly kind: 'trainer' | 'predictor';
  readonly batch: number;
}

const trainer = (batch: number): Case => ({ what: 'training step', kind: 'trainer', batch });
const predictor = (batch: number): Case => ({ what: 'prediction', kind: 'predictor', batch });

const options = optionsOf(
  USAGE,
  {
    model: { type: 'string', default: 'notebook' },
    'image-size': { type: 'string' },
    batch: { type: 'string' },
    steps: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
  { 'image-size': 'whole', batch: 'whole', steps: 'whole' },
);
const { json, model: name, batch } = options;
const model: Model = Object.entries(MODELS).find(([one]) => one === name)?.[1] ?? refuse(`there is no model "${name}"`);
const size = Number(options['image-size'] ?? model.imageSize);
const rounds = Number(options.steps);
const cases =
  name !== 'notebook' || batch !== undefined
    ? [trainer(Number(batch ?? 32))]
    : [trainer(32), trainer(128), predictor(1), predictor(256)];

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
const graph = model.make(size);
const peers: Peer[] = [
  await anke(report.adapter, graph),
  await tensorflow(graph),
  await jax(graph),
  ...(await pytorch(graph, say)),
];

say(`adapter: ${report.name}`);
const parameters = countParameters(graph.layers).total.toLocaleString('en-US');
say(`model: ${name}, images of ${graph.inputShape.join(' × ')}, ${parameters} weights`);
const clock = async (run: Run, times = 1): Promise<number> => {
  const started = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - started) / times;
};
const quartile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.round(share * (values.length - 1))] as number;

const results: object[] = [];
for (const { what, kind, batch: images } of cases) {
  say(`\n${what}, batch ${images}`);
  const lanes: { name: string; run: Run; times: number; first: number; samples: number[] }[] = [];
  for (const peer of peers) {
    await peer.tune?.(kind, images);
    const started = performance.now();
    const run = await peer[kind](images);
    await run();
    const first = performance.now() - started;
    // The first run of a large model takes minutes.
    process.stderr.write(`  ${peer.name} has done its first run, in ${(first / 1000).toFixed(1)} s\n`);
    for (let i = 1; i < WARM_UP; i++) await run();
    const times = Math.max(1, Math.round(ROUND_MILLISECONDS / (await clock(run))));
    lanes.push({ name: peer.name, run, times, first, samples: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) lane.samples.push(await clock(lane.run, lane.times));
  }
  const own = quartile(lanes[0]?.samples ?? [], 0.5);
  for (const { name: engine, first, samples } of lanes) {
    const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quartile(samples, share)) as [number, number, number];
    const ratio = median / own;
    const spread = `(${low.toFixed(2)} … ${high.toFixed(2)})`;
    const speed = `${((images / median) * 1000).toFixed(0)} images/s`;
    const compared = engine === peers[0]?.name ? '' : `Anke is ${ratio.toFixed(1)} × as fast`;
    const start = `first ${(first / 1000).toFixed(1)} s`;
    const times = `${median.toFixed(2).padStart(9)} ms ${spread.padEnd(22)} ${speed.padStart(15)}`;
    say(`  ${engine.padEnd(14)} ${times}  ${start.padEnd(12)} ${compared}`.trimEnd());
    results.push({ what, batch: images, engine, median, quartiles: [low, high], firstMs: first, ratio });
  }
}
if (json) process.stdout.write(`${JSON.stringify({ adapter: report.name, model: name, imageSize: size, results })}\n`);
process.exit(0);
