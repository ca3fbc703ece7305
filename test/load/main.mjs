/**
 * `pnpm load-test`: clients that ask `anke serve` for one image after the other, and, if wanted, hostile ones between.
 *
 *     pnpm load-test --minutes 10 --hostile      turns of 30 s without and with hostile clients, 10 minutes of each
 *     pnpm load-test --requests 200000           until so many are answered: is its memory flat?
 *     pnpm load-test --delays                    how late its event loop is with each hostile request, four at once
 *
 * Further options: --clients 64, --model RUN (else a small one is trained). Ends with exit code 1 if a good request
 * failed, if with hostile clients the 99th percentile is more than twice that without, or if memory grows over four
 * minutes or more.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { optionsOf } from '../arguments.mjs';
import { hostileRequests } from './hostile.mjs';
import { post } from './post.mjs';
import { imagesOf, Server, synthesize, trainModel } from './server.mjs';

const TURN_SECONDS = 30;
/** Memory may grow by so much after the first fifth of the time, where that is long enough to tell. */
const GROWTH_MEGABYTES = 64;
const SAMPLE_SECONDS = 5;
const JUDGED_SECONDS = 240;

const USAGE = `pnpm load-test: clients that ask anke serve for one image after the other

  --minutes N      so long (0.5), with --hostile as long again with hostile clients between
  --requests N     until so many are answered, instead
  --clients N      how many ask at once (64)
  --hostile        whether hostile clients ask between
  --delays         how late the server's event loop is with each hostile request, instead
  --model RUN      the model; else a small one is trained`;
const options = optionsOf(
  USAGE,
  {
    minutes: { type: 'string', default: '0.5' },
    requests: { type: 'string' },
    clients: { type: 'string', default: '64' },
    hostile: { type: 'boolean', default: false },
    delays: { type: 'boolean', default: false },
    model: { type: 'string' },
  },
  { minutes: 'positive', requests: 'whole', clients: 'whole' },
);

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** What good clients have seen. */
class Tally {
  milliseconds = [];
  errors = new Map();
  seconds = 0;

  add(milliseconds, error) {
    if (error === undefined) this.milliseconds.push(milliseconds);
    else this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
  }

  get failed() {
    return [...this.errors.values()].reduce((a, b) => a + b, 0);
  }

  percentile(share) {
    const sorted = Float64Array.from(this.milliseconds).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  }

  toString() {
    const { length } = this.milliseconds;
    const [p50, p99] = [0.5, 0.99].map((share) => this.percentile(share).toFixed(1));
    const errors = this.failed === 0 ? '0 errors' : `errors: ${[...this.errors].map(([what, n]) => `${n} × ${what}`)}`;
    return `${length} answers, ${(length / this.seconds).toFixed(0)}/s, p50 ${p50} ms, p99 ${p99} ms, ${errors}`;
  }
}

/** Good clients ask until `goesOn` says no. */
async function goodClients(port, bodies, tally, goesOn) {
  const started = performance.now();
  const client = async (first) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = first; goesOn(); i++) {
      const before = performance.now();
      try {
        const status = await post(agent, port, 'application/json', bodies[i % bodies.length]);
        tally.add(performance.now() - before, status === 200 ? undefined : status);
      } catch (error) {
        tally.add(0, error.code ?? error.message);
        await pause(100);
      }
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: Number(options.clients) }, (_, i) => client(i)));
  tally.seconds += (performance.now() - started) / 1000;
}

/** Hostile clients, who send one thing after the other from a process of their own. */
class HostileClients {
  /** Answers by what they were. */
  counts = new Map();
  #process = fork(join(import.meta.dirname, 'hostile-clients.mjs'));
  #ended = once(this.#process, 'exit').then(() => Promise.reject(new Error('the hostile clients have ended')));

  /** Resolves when they have made what they send. */
  async prepare() {
    await this.#answer();
  }

  /** Lets them ask while `work` goes on. */
  async during(port, work) {
    this.#process.send(port);
    await work();
    this.#process.send('end');
    const counts = await this.#answer();
    for (const [what, times] of Object.entries(counts)) this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  end() {
    this.#process.disconnect();
  }

  /** What the process says next. */
  async #answer() {
    return (await Promise.race([once(this.#process, 'message'), this.#ended]))[0];
  }
}

/** Each hostile request four times at once: how late the server's event loop was at most meanwhile. */
async function showDelays(server) {
  await server.longestDelay();
  await pause(2000);
  console.log(`${(await server.longestDelay()).toFixed(0).padStart(6)} ms  nothing to do`);
  for (const { name, type, make } of hostileRequests()) {
    const body = make();
    await server.longestDelay();
    const statuses = await Promise.all(Array.from({ length: 4 }, () => post(undefined, server.port, type, body)));
    console.log(`${(await server.longestDelay()).toFixed(0).padStart(6)} ms  ${name}: ${statuses.join(' ')}`);
  }
}

/** Whether memory stays where it is once all has been used; what is decoded at the moment comes and goes. */
function judgeMemory(series) {
  console.log(`memory in MB, every ${SAMPLE_SECONDS} s: ${series.map((value) => value.toFixed(0)).join(' ')}`);
  if (series.length * SAMPLE_SECONDS < JUDGED_SECONDS) return [];
  const later = series.slice(Math.ceil(series.length / 5));
  const third = Math.ceil(later.length / 3);
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const growth = median(later.slice(-third)) - median(later.slice(0, third));
  return growth > GROWTH_MEGABYTES ? [`memory grew by ${growth.toFixed(0)} MB`] : [];
}

async function load(server, bodies, hostile) {
  const { port } = server;
  const [without, among] = [new Tally(), new Tally()];
  const series = [];
  const sampling = setInterval(() => series.push(server.residentMegabytes), 1000 * SAMPLE_SECONDS);
  await goodClients(port, bodies, new Tally(), until(5)); // until all is warm
  if (options.requests) {
    let left = Number(options.requests);
    const work = () => goodClients(port, bodies, hostile ? among : without, () => left-- > 0);
    await (hostile ? hostile.during(port, work) : work());
  } else {
    for (let seconds = 60 * Number(options.minutes); seconds > 0; seconds -= TURN_SECONDS) {
      const length = Math.min(seconds, TURN_SECONDS);
      await goodClients(port, bodies, without, until(length));
      await hostile?.during(port, () => goodClients(port, bodies, among, until(length)));
    }
  }
  clearInterval(sampling);
  const counts = hostile?.counts ?? new Map();
  if (without.seconds > 0) console.log(`good clients alone:      ${without}`);
  if (among.seconds > 0) console.log(`among hostile clients:   ${among}`);
  for (const [what, times] of counts) console.log(`hostile requests, ${what}: ${times}`);
  const wrong = [...counts.keys()]
    .filter((what) => what !== 'right')
    .map((what) => `hostile request answered wrongly: ${what}`);
  const failed = without.failed + among.failed;
  const ratio = among.percentile(0.99) / without.percentile(0.99);
  if (!Number.isNaN(ratio))
    console.log(`the 99th percentile is ${ratio.toFixed(2)} times that without hostile clients`);
  return [
    ...(failed > 0 ? [`${failed} good requests failed`] : []),
    ...(ratio > 2 ? ['the 99th percentile is more than twice that without hostile clients'] : []),
    ...wrong,
    ...judgeMemory(series),
  ];
}

const until = (seconds) => {
  const end = performance.now() + 1000 * seconds;
  return () => performance.now() < end;
};

const work = mkdtempSync(join(tmpdir(), 'anke load '));
if (options.model) synthesize(work);
else trainModel(work);
const server = new Server(work, ['--model', options.model ? resolve(options.model) : 'run']);
let hostile;
try {
  await server.start();
  const bodies = imagesOf(join(work, 'digits/test.csv')).map((image) => Buffer.from(JSON.stringify([image])));
  if (options.delays) await showDelays(server);
  else {
    if (options.hostile) hostile = new HostileClients();
    await hostile?.prepare();
    const failures = await load(server, bodies, hostile);
    for (const failure of failures) console.error(`failed: ${failure}`);
    process.exitCode = failures.length > 0 ? 1 : 0;
  }
  server.process.kill('SIGTERM');
  console.log(`the server ended with exit code ${await server.ended}`);
} finally {
  hostile?.end();
  server.process.kill('SIGKILL');
  rmSync(work, { recursive: true });
}
