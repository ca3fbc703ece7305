#!/usr/bin/env node
/** The command `anke`: reads the command line, runs what it asks for, and turns errors into one line each. */
import { createRequire } from 'node:module';
import { CommanderError } from 'commander';
import colors from 'picocolors';
import { asCalled } from './called-as.js';
import { EXIT, explain, Interrupted } from './errors.js';
import { version } from './invocation.js';
import { oneLine } from './one-line.js';
import { followParent, isWorker } from './parent.js';
import { createProgram } from './program.js';
import { Terminal } from './terminal.js';
import { fitting } from './wrapping.js';

/** Milliseconds that a program whose work is done has to end by itself. */
const PATIENCE = 2000;

// Whoever reads what we write may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

/** Versions of what computes; on which adapter and driver, `anke doctor` tells. */
function showVersion(): void {
  const { version: webgpu } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  process.stdout.write(`anke ${version}\nwebgpu ${webgpu} (Dawn)\nnode ${process.version}\n`);
}

/** A program that asked with `--json` reads an error too. */
function answerError(error: string): void {
  if (process.argv.includes('--json') && !Terminal.hasResult)
    process.stdout.write(`${JSON.stringify({ error: asCalled(error) })}\n`);
}

/** The width of the terminal that errors are seen in; of a program that passes them on, as a clone's `anke` does. */
const errorColumns = (): number =>
  process.stderr.isTTY ? process.stderr.columns : Number(process.env['ANKE_COLUMNS'] ?? Number.POSITIVE_INFINITY);

/** Says what went wrong, and ends the program: work that is still under way on the device must not hold it back. */
function fail(error: unknown): never {
  const { message, code } = explain(error);
  const line = `${colors.red('anke:')} ${asCalled(message)}`;
  process.stderr.write(`${fitting(line, errorColumns()).join('\n')}\n`);
  answerError(message);
  if (process.env['ANKE_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(code);
}
process.on('uncaughtException', fail);

// Commands that have something to save listen themselves.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) fail(new Interrupted('interrupted'));
  });

if (isWorker()) followParent();

try {
  if (['-V', '--version'].includes(process.argv[2] ?? '')) showVersion();
  else await createProgram().parseAsync();
  // A shader that was given up, and that the driver still compiles, must not hold the program back; a reader that has
  // not taken all of the output yet may.
  setTimeout(() => process.stdout.write('', () => process.exit()), PATIENCE).unref();
} catch (error) {
  // Commander has already said what was wrong, or printed the help that was asked for.
  if (!(error instanceof CommanderError)) fail(error);
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error.exitCode !== 0) answerError(oneLine(error.message.replace(/^error: /, '')));
}
