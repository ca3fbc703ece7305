/** What may go wrong, as people read it, and the program's exit codes. */
import { DriverError } from '@anke/dawn';
import { DeviceError } from '@anke/kernels';
import { NamedError } from '@anke/messages';
import { oneLine } from './one-line.js';

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The command was called in a way that makes no sense; exit code 2. */
export class UsageError extends NamedError {
  override readonly name = 'UsageError';
}

/** Something that the user can fix: said in one line, without a stack trace. */
export class CommandError extends NamedError {
  override readonly name = 'CommandError';
}

/** The user pressed Ctrl-C, and the work so far has been kept; the message says where. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Errors whose message says all that their user needs. */
const KNOWN = [DeviceError, DriverError, NamedError];

const SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of this path is no folder',
  EISDIR: 'this is a folder, and a file is expected',
  ENOENT: 'there is no such file or folder',
  ENAMETOOLONG: 'this name is too long',
};

/** Whether an error's message says all that is to be said of it. */
export const isExplained = (error: unknown): boolean => KNOWN.some((kind) => error instanceof kind);

/**
 * What to print for an error, on one line, and the exit code. What nobody has foreseen is said with its name; with
 * ANKE_DEBUG=1, its stack trace follows.
 */
export function explain(error: unknown): { readonly message: string; readonly code: number } {
  const { message, code } = meaningOf(error);
  return { message: oneLine(message), code };
}

function meaningOf(error: unknown): { readonly message: string; readonly code: number } {
  if (error instanceof UsageError) return { message: error.message, code: EXIT.usage };
  if (error instanceof Interrupted) return { message: error.message, code: EXIT.interrupted };
  if (!(error instanceof Error)) return { message: String(error), code: EXIT.failed };
  if (isExplained(error)) return { message: error.message, code: EXIT.failed };
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  const reason = SYSTEM[code ?? ''] ?? (syscall === undefined ? undefined : error.message);
  if (reason !== undefined) return { message: `${path ?? 'output'}: ${reason}`, code: EXIT.failed };
  const what = `this should not have happened: ${error.name}: ${error.message} (ANKE_DEBUG=1 shows where)`;
  return { message: what, code: EXIT.failed };
}
