/**
 * What a command writes and says. Its files go to `--out PATH`, or `-o PATH`; what is there already is replaced only
 * with `--force`.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { CommandError } from '../errors.js';
import { earlierName } from './earlier-names.js';
import { GROUP } from './options.js';

/** How the command answers. */
export interface AnswerOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Declares `--json` and `--quiet`, which every command has that does something. */
export const answerOptions = (command: Command): Command =>
  command
    .optionsGroup(GROUP.output)
    .option('--json', 'one JSON object as the last line on stdout, of an error too; all else goes to stderr')
    .option('-q, --quiet', 'say nothing but errors');

export interface OutputOptions extends AnswerOptions {
  readonly out?: string;
  readonly force?: boolean;
}

/**
 * Declares `--out`.
 *
 * @param kind what the path is, such as `file`
 * @param earlier the option's name in earlier versions, which is still understood
 */
export function outOption(command: Command, kind: string, description: string, earlier?: string): Command {
  command.optionsGroup(GROUP.output).option(`-o, --out <${kind}>`, description);
  return earlier === undefined ? command : earlierName(command, `--${earlier} <${kind}>`, 'out');
}

/** Declares `--out` and `--force`. */
export const outputOptions = (...out: Parameters<typeof outOption>): Command =>
  outOption(...out).option('--force', 'replace what is there already');

/**
 * A path that may be written to; `-` is stdout.
 *
 * @throws CommandError if something is there, unless it may be replaced
 */
export function writable(path: string, { force = false }: { readonly force?: boolean | undefined }): string {
  if (path !== '-' && !force && existsSync(path))
    throw new CommandError(`${path}: it is there already; name another with --out, or replace it with --force`);
  return path;
}
