/** A part of a command's work as a process of its own: `anke` once more, whose lines go into a log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '@anke/files';
import { oneLine } from './one-line.js';
import type { Told } from './parent.js';

/** How a process has ended; neither is there where it did what it was asked for. */
export interface ProcessEnd {
  /** What it said went wrong. */
  readonly error?: string | undefined;
  /** What killed it. */
  readonly signal?: NodeJS.Signals | undefined;
}

export interface WorkerProcess {
  readonly ended: Promise<ProcessEnd>;
  /** Lets it save what there is. */
  interrupt(): void;
}

/** The program that this process runs. */
const PROGRAM = fileURLToPath(import.meta.resolve('@anke/cli'));

/**
 * @param words what stands behind `anke`, with `--json`
 * @param log where it writes what it says, behind what is there
 */
export function startWorker(
  words: readonly string[],
  log: string,
  onTold: (told: Told) => void = () => undefined,
): WorkerProcess {
  makeFolder(dirname(log));
  const file = openSync(log, 'a');
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, ...words], {
    // In a group of its own: a terminal's Ctrl-C reaches the parent alone, which passes it on once.
    detached: true,
    stdio: ['ignore', 'pipe', file, 'ipc'],
    env: { ...process.env, ANKE_WORKER: '1', NO_COLOR: '1' },
  });
  closeSync(file);
  child.on('message', (told) => onTold(told as Told));
  let output = '';
  child.stdout?.on('data', (piece: Buffer) => {
    output += piece;
  });
  const failed = once(child, 'error').then(([error]): ProcessEnd => ({ error: oneLine((error as Error).message) }));
  const closed = once(child, 'close').then(
    ([code, signal]: (number | null)[]): ProcessEnd =>
      code === 0
        ? {}
        : signal
          ? { signal: signal as never }
          : { error: errorIn(output) ?? `it ended with code ${code}` },
  );
  return { ended: Promise.race([failed, closed]), interrupt: () => void child.kill('SIGINT') };
}

/** What `--json` says of an error. */
function errorIn(output: string): string | undefined {
  try {
    const { error } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as { readonly error?: unknown };
    return typeof error === 'string' ? oneLine(error) : undefined;
  } catch {
    return undefined;
  }
}
