/** A server for tests and for the load test: a small model, trained for a moment, behind `anke serve`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../apps/cli/dist/main.js');
const delays = join(import.meta.dirname, 'delays.mjs');

/** Runs a command in `folder`. */
export function anke(folder, ...args) {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`anke ${args.join(' ')} failed: ${stderr}`);
}

/** Makes digits in `folder`: `digits`. */
export const synthesize = (folder) =>
  anke(folder, 'synth', '--to', 'digits', '--train', '120', '--test', '40', '--seed', '3');

/** Makes digits and trains a model in `folder`: `digits` and `run`. */
export function trainModel(folder) {
  synthesize(folder);
  anke(folder, 'train', '--data', 'digits', '--epochs', '1', '--batch-size', '20', '--out', 'run');
}

/** Images of a CSV file, an array of pixels each. */
export const imagesOf = (csv) =>
  readFileSync(csv, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(',').slice(1).map(Number));

export class Server {
  /** All that it has printed. */
  output = '';

  /**
   * @param folder where it runs
   * @param args of `anke serve`; --port 0 is added
   */
  constructor(folder, args, environment = {}) {
    this.process = spawn(process.execPath, ['--import', delays, main, 'serve', '--port', '0', ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (data) => (this.output += data));
    this.ended = once(this.process, 'exit').then(([code]) => code);
  }

  /** Waits until it listens, and returns where. */
  async start() {
    while (!/http:\/\/\S+/.test(this.output)) {
      if (this.process.exitCode !== null) throw new Error(`anke serve ended: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.url = /http:\/\/[^\s(]+/.exec(this.output)[0];
    this.port = Number(new URL(this.url).port);
    return this.url;
  }

  /** Megabytes of memory that it has at present. */
  get residentMegabytes() {
    const pages = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8'))?.[1];
    return Number(pages) / 1024;
  }

  /** The longest time that its event loop was late since this was asked for last, in milliseconds. */
  async longestDelay() {
    const answer = once(this.process, 'message');
    this.process.send('delays');
    const [milliseconds] = await answer;
    return milliseconds;
  }
}
