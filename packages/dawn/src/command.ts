/**
 * Runs other programs (apt-get, npm, tar) and turns their failures into errors that say why. None of them outlives this
 * process when it is told to end.
 */
import { spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';

export interface RunOptions {
  /** The folder to run in. */
  readonly folder?: string;
  /** A folder that the program writes much into: it is ended when the disk there is full, as apt-get then hangs. */
  readonly fills?: string;
}

/** This process was told to end while a program ran. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor(readonly signal: NodeJS.Signals) {
    super('interrupted');
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** With less than this, nothing useful can be written any more. */
const FULL = 256 * 1024;
/** Milliseconds between two looks at the disk. */
const PAUSE = 250;
/** Milliseconds that a program has for ending after a signal. */
const GRACE = 3000;

/** Bytes that this user can still write into a folder; infinitely many where the file system does not tell. */
export function freeSpace(folder: string): number {
  const { blocks, bavail, bsize } = statfsSync(folder);
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}

/**
 * Runs a program and returns what it printed.
 *
 * @throws InterruptedError if this process gets a signal to end meanwhile: the program is ended before
 * @throws if it is not there or fails, with the end of what it printed
 */
export function run(program: string, args: readonly string[], { folder, fills }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    let ended: Error | undefined;
    let killing: NodeJS.Timeout | undefined;
    const kill = (signal: NodeJS.Signals): void => {
      try {
        process.kill(-(child.pid as number), signal);
      } catch {
        // It has ended meanwhile.
      }
    };
    const end = (why: Error): void => {
      if (ended) return;
      ended = why;
      kill('SIGTERM');
      killing = setTimeout(kill, GRACE, 'SIGKILL');
    };
    const onSignal = (signal: NodeJS.Signals): void => end(new InterruptedError(signal));
    // First of all: a signal may come while the program is being started.
    for (const signal of SIGNALS) process.on(signal, onSignal);
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      // A group of its own, so that what the program has started can be ended with it.
      detached: true,
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    const watch = setInterval(() => {
      if (fills !== undefined && freeSpace(fills) < FULL) end(new Error(`the disk of ${fills} is full`));
    }, PAUSE);
    const settle = (error?: Error): void => {
      clearInterval(watch);
      clearTimeout(killing);
      for (const signal of SIGNALS) process.off(signal, onSignal);
      if (ended ?? error) reject(ended ?? error);
      else resolve(output);
    };
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    child.on('error', (error) => settle(new Error(`${program}: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) return settle();
      const reason = `${errors}\n${output}`.trim().split('\n').filter(Boolean).slice(-3).join(' · ');
      settle(new Error(`${program} failed: ${reason || `exit code ${code}`}`));
    });
  });
}
