/**
 * A reader as the fuzzer sees it, and what may come of an input: a result, or a named error of one short line, soon.
 * Anything else is a finding.
 */
import { DataError } from '@anke/data';
import { ExchangeError } from '@anke/exchange';
import { FormatError, ModelError, ShapeError } from '@anke/nn';
import { RecipeError } from '@anke/training';

export interface Reader {
  /** Good files, which are changed; small ones, as each input costs what its file costs. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** What files of this format are made of: put into inputs at random. */
  readonly words?: readonly string[];
  /** Whether files are JSON, so that values in it are changed as well as bytes. */
  readonly json?: boolean;
  /** Whether it reads by native code, which may end the process. */
  readonly native?: boolean;
  /** Reads an input and checks what comes of it: an error that is not named is a finding. */
  readonly read: (bytes: Uint8Array) => void | Promise<void>;
}

/** A reader has read something wrongly: another one reads something else. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

/** Of a message, in characters. */
const LONGEST_MESSAGE = 500;
const MOST_SECONDS = 1;

const NAMED = [DataError, ExchangeError, FormatError, ModelError, RecipeError, ShapeError];
/** Errors of the command line, by name: its packages are not loaded for the other readers. */
const NAMED_BY_COMMANDS = ['CommandError', 'RequestError', 'UsageError'];

export type Outcome =
  | { readonly kind: 'result' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'finding'; readonly what: string };

const RESULT: Outcome = { kind: 'result' };

/** What comes of an input; a promise only where the reader gives one. */
export function outcomeOf({ read }: Reader, bytes: Uint8Array): Outcome | Promise<Outcome> {
  const started = performance.now();
  const inTime = (outcome: Outcome): Outcome | Promise<Outcome> =>
    performance.now() - started > 1000 * MOST_SECONDS ? again(read, bytes, outcome) : outcome;
  try {
    const reading = read(bytes);
    if (reading instanceof Promise) return reading.then(() => RESULT, refusal).then(inTime);
    return inTime(RESULT);
  } catch (error) {
    return inTime(refusal(error));
  }
}

/** Whether a slow input is slow by itself, and not because the machine was busy. */
async function again(read: Reader['read'], bytes: Uint8Array, outcome: Outcome): Promise<Outcome> {
  const before = process.cpuUsage();
  try {
    await read(bytes);
  } catch {
    // It is the outcome already.
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  return seconds > MOST_SECONDS ? { kind: 'finding', what: `slow: ${seconds.toFixed(1)} s` } : outcome;
}

/** What is wrong with an error, if anything is. */
function refusal(error: unknown): Outcome {
  const named =
    NAMED.some((kind) => error instanceof kind) ||
    (error instanceof Error && NAMED_BY_COMMANDS.includes(error.constructor.name));
  const finding = (what: string): Outcome => ({ kind: 'finding', what });
  if (!named) return finding(error instanceof Error ? `${error.name}: ${error.stack ?? error.message}` : String(error));
  const { message } = error as Error;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a terminal
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(message)) return finding(`control characters: ${message}`);
  if (message.length > LONGEST_MESSAGE) return finding(`${message.length} characters: ${message}`);
  if (message.length === 0 || /\[object |\bundefined\b/.test(message)) return finding(`not said: ${message}`);
  return { kind: 'refused', message };
}
