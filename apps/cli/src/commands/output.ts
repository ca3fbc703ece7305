/** Where a command writes: `--out PATH`, or `-o PATH`. What is there already is replaced only with `--force`. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { CommandError } from '../errors.js';

export interface OutputOptions {
  readonly out?: string;
  readonly force?: boolean;
}

/**
 * Declares `--out`.
 *
 * @param kind what the path is, such as `file`
 * @param earlier the option's name in earlier versions, which is still understood
 */
export function outOption(command: Command, kind: string, description: string, earlier: string): Command {
  const alias = new Option(`--${earlier} <${kind}>`).hideHelp();
  alias.attributeName = () => 'out';
  return command.option(`-o, --out <${kind}>`, description).addOption(alias);
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
