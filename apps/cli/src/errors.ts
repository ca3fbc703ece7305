/** What may go wrong, as people read it, and the program's exit codes. */
import { DataError } from '@anke/data';
import { DriverError } from '@anke/dawn';
import { DeviceError } from '@anke/kernels';
import { NamedError } from '@anke/nn';

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
const KNOWN = [DataError, DeviceError, DriverError, NamedError];

const SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of this path is no folder',
  EISDIR: 'this is a folder, and a file is expected',
  ENOENT: 'there is no such file or folder',
};

/** What to print for an error, and the exit code. Unknown errors keep their stack trace. */
export function explain(error: unknown): { readonly message: string; readonly code: number } {
  if (error instanceof UsageError) return { message: error.message, code: EXIT.usage };
  if (error instanceof Interrupted) return { message: error.message, code: EXIT.interrupted };
  if (error instanceof Error) {
    if (KNOWN.some((kind) => error instanceof kind)) return { message: error.message, code: EXIT.failed };
    const { code, path } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? undefined : SYSTEM[code];
    if (reason) return { message: `${path ?? 'output'}: ${reason}`, code: EXIT.failed };
    return { message: error.stack ?? error.message, code: EXIT.failed };
  }
  return { message: String(error), code: EXIT.failed };
}
