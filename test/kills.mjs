/**
 * Kills the program at random moments, again and again, and looks at what is left: `pnpm kills --count 200 --seed 1`.
 *
 * A chain starts one kind of work, kills it some times (SIGKILL, with all that it has started; of a sweep, every other
 * time the sweep alone, so that its trials have to notice), starts it again each time, and lets it come to its end:
 * that must be the same, bit for bit, as without a kill. After each kill, every file that is there must be whole.
 * `--only train,import` takes some kinds of work only; set-up clones the project and installs its packages, which takes
 * minutes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '@anke/random';
import { optionsOf, refuse } from './arguments.mjs';

const KINDS = ['train', 'notebook', 'sweep', 'import', 'export', 'set-up'];
const USAGE = `pnpm kills: kills the program at random moments, and looks at what is left

  --count N      so many kills (200)
  --seed S       of the moments (1)
  --trials N     of a sweep (24)
  --only KINDS   some kinds of work only, with commas between: ${KINDS}`;
const values = optionsOf(
  USAGE,
  {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    trials: { type: 'string', default: '24' },
    only: { type: 'string', default: KINDS.join(',') },
  },
  { count: 'whole', seed: 'whole', trials: 'whole' },
);
const kinds = values.only.split(',');
const unknown = kinds.find((kind) => !KINDS.includes(kind));
if (unknown !== undefined) refuse(`--only takes ${KINDS}, not "${unknown}"`);
const root = join(import.meta.dirname, '..');
const main = join(root, 'apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke kills '));
const at = (...names) => join(work, ...names);
const random = new Random(Number(values.seed), 'kills');
const below = (count) => Math.min(count - 1, Math.floor(random.between(0, count)));

/** Starts a program, and all that it starts, as a group of its own. */
function start(...args) {
  const child = spawn(process.execPath, args, { cwd: work, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  return { child, ended: once(child, 'close').then(([code]) => ({ code, output })) };
}

async function done(...args) {
  const { code, output } = await start(...args).ended;
  if (code !== 0) throw new Error(`${args.slice(1).join(' ')}: exit ${code}\n${output}`);
}

const bytesOf = (path) => readFileSync(path).toString('base64');
/** All files below a folder as one text; a run's own measurements of time are left out. */
const treeOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path.slice(folder.length)} ${bytesOf(path)}`)
    .join('\n');

function check(condition, what) {
  if (!condition) throw new Error(`${what} (kept for a look: ${work})`);
}

/** A run: its files are whole after each kill, and its model and predictions are the same in the end. */
function training(command, args, results) {
  const run = at('run');
  return {
    results: () => results.map((file) => bytesOf(join(run, file))).join(),
    prepare: () => rmSync(run, { recursive: true, force: true }),
    start: () => {
      const begun = existsSync(join(run, 'config.json'));
      if (!begun) rmSync(run, { recursive: true, force: true });
      return start(main, command, ...(begun ? ['--resume', run] : [...args, '--out', run]), '--quiet');
    },
    afterKill: () => {
      if (!existsSync(join(run, 'SHA256SUMS'))) return;
      const { stdout, stderr } = spawnSync(process.execPath, [main, 'check', run, '--json'], { encoding: 'utf8' });
      check(stdout !== '', `check says nothing but ${stderr}`);
      const { damaged } = JSON.parse(stdout);
      // What was just to be written for the first time is listed already.
      const worse = damaged.filter(({ reason }) => reason !== 'it is missing');
      check(worse.length === 0, `damaged after a kill: ${JSON.stringify(worse)}`);
    },
  };
}

/** Trials of which the best come to nine epochs: the table and every model are the same in the end. */
function sweep() {
  const folder = at('sweep');
  return {
    results: () => {
      const { trials } = JSON.parse(readFileSync(join(folder, 'sweep.json'), 'utf8'));
      return JSON.stringify(trials.map((one) => [one, bytesOf(join(folder, one.run, 'model.safetensors'))]));
    },
    prepare: () => rmSync(folder, { recursive: true, force: true }),
    start: () => {
      const begun = existsSync(join(folder, 'sweep.json'));
      if (!begun) rmSync(folder, { recursive: true, force: true });
      const words = begun ? ['--resume', folder] : [at('lr.json'), '--out', folder];
      return start(main, 'sweep', ...words, '--workers', '2', '--quiet');
    },
  };
}

/** The processes that hold the runs of a folder. */
const trialsOf = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap(
        (name) => /\.lock-(\d+)-/.exec(name)?.[1] ?? [],
      )
    : [];

function endAtOnce(pid) {
  try {
    process.kill(Number(pid), 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has ended by itself
  }
}

const FORMATS = { onnx: 'model.onnx', tfjs: 'model-tfjs', safetensors: 'model.safetensors' };

const WORK = {
  train: () =>
    training('train', ['--recipe', at('recipe.json'), '--data', at('digits'), '--epochs', '4'], ['model.safetensors']),
  notebook: () =>
    training(
      'notebook',
      ['--recipe', at('recipe.json'), '--data', at('digits'), '--adam-epochs', '3', '--sgd-epochs', '2', '--augment'],
      ['model.safetensors', 'submission.csv'],
    ),
  sweep: () => {
    const { results, prepare, start: begin } = sweep();
    let turn = 0;
    const afterKill = () => {
      if (turn++ % 2 === 0) for (const pid of trialsOf(at('sweep/trials'))) endAtOnce(pid);
    };
    return { results, prepare, start: begin, afterKill };
  },
  import: () => ({
    results: () => treeOf(at('imported', 'digits')),
    prepare: () => rmSync(at('imported'), { recursive: true, force: true }),
    start: () => start(main, 'import', `digits:${address}/digits.csv`, '--to', at('imported'), '--quiet'),
    // A folder that is there is complete.
    afterKill: () => {
      const file = at('imported', 'digits', 'digits.csv');
      if (existsSync(at('imported', 'digits')))
        check(bytesOf(file) === bytesOf(csv), 'an import is there, and cut off');
    },
  }),
  export: () => {
    const format = Object.keys(FORMATS)[below(3)];
    const path = at(`exported-${FORMATS[format]}`);
    const results = () => (format === 'tfjs' ? treeOf(path) : bytesOf(path));
    return {
      results,
      name: format,
      prepare: () => rmSync(path, { recursive: true, force: true }),
      start: () => start(main, 'export', at('model'), '--format', format, '--output', path, '--quiet'),
      afterKill: () => {
        if (!existsSync(path)) return;
        check(results() === wanted.get(`export ${format}`), 'an export is there, and not whole');
        rmSync(path, { recursive: true });
      },
    };
  },
  'set-up': () => ({
    results: () =>
      spawnSync(process.execPath, [at('clone/apps/cli/dist/main.js'), 'recipe'], { encoding: 'utf8' }).stdout,
    prepare: () => {
      rmSync(at('clone'), { recursive: true, force: true });
      const { status, stderr } = spawnSync('git', ['clone', '--quiet', root, at('clone')], { encoding: 'utf8' });
      check(status === 0, stderr);
    },
    start: () => start(at('clone/anke'), 'recipe'),
    afterKill: () => undefined,
  }),
};

/** By kind: what an undisturbed one comes to, and how long it takes in milliseconds. */
const wanted = new Map();
const took = new Map();
const keyOf = (kind, { name = '' }) => `${kind} ${name}`.trim();

async function undisturbed(kind, job) {
  job.prepare();
  const started = performance.now();
  const { code, output } = await job.start().ended;
  check(code === 0, `${kind}: exit ${code}: ${output}`);
  took.set(keyOf(kind, job), performance.now() - started);
  wanted.set(keyOf(kind, job), job.results());
}

/** @returns how many kills hit something that ran */
async function chain(kind, most) {
  const job = WORK[kind]();
  const key = keyOf(kind, job);
  if (!wanted.has(key)) await undisturbed(kind, job);
  job.prepare();
  let kills = 0;
  for (let planned = 1 + below(Math.min(4, most)); planned > 0; planned--) {
    const { child, ended } = job.start();
    await Promise.race([wait(random.between(0.02, 1) * took.get(key)), ended]);
    const ran = child.exitCode === null;
    if (ran) process.kill(-child.pid, 'SIGKILL');
    const { code, output } = await ended;
    check(ran || code === 0, `${kind}: exit ${code}: ${output}`);
    job.afterKill();
    if (!ran) break;
    kills++;
  }
  const { code, output } = await job.start().ended;
  check(code === 0, `${kind} after ${kills} kills: exit ${code}: ${output}`);
  check(job.results() === wanted.get(key), `${kind} after ${kills} kills: another result`);
  return kills;
}

/** Images to import, sent in pieces, so that a kill may come between two. */
const csv = at('digits/train.csv');
const server = createServer(async (_, response) => {
  const bytes = readFileSync(csv);
  response.writeHead(200, { 'content-length': bytes.length, etag: '"digits"' });
  for (let from = 0; from < bytes.length; from += 16384) {
    response.write(bytes.subarray(from, from + 16384));
    await wait(5);
  }
  response.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = `http://127.0.0.1:${server.address().port}`;

await done(main, 'synth', '--to', at('digits'), '--train', '120', '--test', '20', '--seed', '3', '--quiet');
const recipe = spawnSync(process.execPath, [main, 'recipe', 'notebook'], { encoding: 'utf8' }).stdout;
writeFileSync(at('recipe.json'), JSON.stringify({ ...JSON.parse(recipe), batchSize: 20 }));
const tiny = [
  { type: 'Conv2D', filters: 4, kernelSize: 3, strides: 2, activation: 'relu' },
  { type: 'Flatten' },
  { type: 'Dense', units: 'classes', activation: 'softmax' },
];
const phases = [{ optimizer: { type: 'SGD', momentum: 0.9 }, epochs: 9 }];
writeFileSync(at('tiny.json'), JSON.stringify({ batchSize: 20, layers: tiny, phases }));
const rate = { type: 'logUniform', low: 1e-4, high: 1 };
writeFileSync(
  at('lr.json'),
  JSON.stringify({
    ...{ recipe: 'tiny.json', data: 'digits', parameters: { 'phases.0.optimizer.learningRate': rate } },
    ...{ method: { type: 'halving' }, budget: { trials: Number(values.trials) } },
  }),
);
await done(
  ...[main, 'train', '--recipe', at('recipe.json'), '--data', at('digits'), '--epochs', '1'],
  ...['--out', at('model'), '--quiet'],
);

const figures = Object.fromEntries(kinds.map((kind) => [kind, { chains: 0, kills: 0 }]));
let kills = 0;
for (let turn = 0; kills < Number(values.count); turn++) {
  const kind = kinds[turn % kinds.length];
  const more = await chain(kind, Number(values.count) - kills);
  kills += more;
  figures[kind].chains++;
  figures[kind].kills += more;
  console.log(`${kills} kills: ${JSON.stringify(figures)}`);
}
server.close();
rmSync(work, { recursive: true });
console.log('All came to the same end, and every file was whole.');
