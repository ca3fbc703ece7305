/** `anke check`: whether the files of a run are what the run has written. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '@anke/files';
import { count } from '@anke/report';
import { type DamageError, SealedStore, SUMS_FILE } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { CommandError } from '../errors.js';
import { folderStore, inFolder } from '../run-files.js';
import { LOCK } from '../run-folder.js';
import { Terminal } from '../terminal.js';
import type { AnswerOptions } from './output.js';

interface Options extends AnswerOptions {
  readonly accept?: boolean;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'are the files of a run what the run has written? names each that is damaged, was edited, or is missing',
    )
    .argument('<run>', 'the folder of a run')
    .option('--accept', 'take the files as they are now: they were changed on purpose')
    .addHelpText(
      'after',
      `
A run lists the SHA-256 of its files in SHA256SUMS, and every command checks what it reads of a run. To change a file on
purpose, such as recipe.json before a run is resumed, edit it, and then say so with --accept.

Examples:
  anke check runs/first
  anke check runs/first --accept`,
    )
    .action(runCheck);
}

async function runCheck(run: string, { accept = false, ...options }: Options): Promise<void> {
  const terminal = new Terminal(options);
  if (!existsSync(join(run, SUMS_FILE)))
    throw new CommandError(`${run}: there is no ${SUMS_FILE} in it; check expects the folder of a run`);
  const store = new SealedStore(folderStore(run));
  const release = accept ? await takeLock(join(run, LOCK), run) : () => undefined;
  let damaged: readonly DamageError[] = [];
  try {
    damaged = await store.damage();
    for (const { reason, file = '' } of damaged) {
      if (accept) await store.accept(file);
      const what = accept ? colors.green('accepted') : colors.red('changed ');
      terminal.say(`${what}  ${file}: ${reason}`);
    }
  } catch (error) {
    throw inFolder(run, error);
  } finally {
    release();
  }
  terminal.result({ run, damaged: damaged.map(({ file, reason }) => ({ file, reason })), accepted: accept });
  if (damaged.length === 0) terminal.say('All files are what the run has written.');
  else if (!accept) {
    const files = damaged.length === 1 ? '1 file is' : `${count(damaged.length)} files are`;
    const what = `${files} not what the run has written`;
    throw new CommandError(`${run}: ${what}; if they were changed on purpose, say so with --accept`);
  }
}
