/**
 * Downloads a file over HTTP. What has come so far lies in the same folder under a hidden name. After an interruption,
 * this call or a later one asks for the rest (a range request). The file appears under its own name only when it is
 * whole.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FilesError } from '../errors.js';
import { takeLock } from '../lock.js';
import { filePieces } from '../source/disk.js';
import { printable } from '../source/names.js';
import type { DownloadSource } from './sources.js';

export interface DownloadOptions {
  /** Seconds without a byte after which the connection is given up. */
  readonly timeout?: number;
  /** How often a broken connection is tried again. */
  readonly retries?: number;
  /** Milliseconds before the first new try; each further one waits twice as long. */
  readonly pause?: number;
  /** The file's SHA-256, in hexadecimal. */
  readonly sha256?: string | undefined;
  /** Is told bytes that have come, and bytes in all, 0 if the server does not say. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the download; what has come is kept. */
  readonly signal?: AbortSignal;
}

/** What is known of a file that has come in part. */
interface PartFacts {
  readonly url: string;
  /** The server's mark of this version, by which the rest can be asked for; null if it gives none to rely on. */
  readonly validator: string | null;
  /** Bytes of the whole file; 0 if the server does not say. */
  readonly total: number;
}

/** Milliseconds. A file that has changed just before may change again within the second that its date tells. */
const LONG_UNCHANGED = 60_000;

/** Worth another try: the connection broke, or the server is busy. */
class TemporaryError extends Error {}

/**
 * @param path where the file is to appear
 * @throws FilesError if it cannot be downloaded: says why; a part that is worth keeping stays under a hidden name
 * @throws LockedError if another process downloads to the same path
 */
export async function download(source: DownloadSource, path: string, options: DownloadOptions = {}): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.part`);
  // Two that write into one part would mix it.
  const release = await takeLock(`${part}.lock`, source.name);
  try {
    await fetchWhole(source, part, options);
    renameSync(part, path);
    rmSync(factsOf(part), { force: true });
  } finally {
    release();
  }
}

/** Fetches until the part is whole, over as many connections as may be tried, and checks its hash. */
async function fetchWhole(source: DownloadSource, part: string, options: DownloadOptions): Promise<void> {
  const { retries = 4, pause = 1000, sha256, signal } = options;
  for (let attempt = 0; ; attempt++) {
    const before = sizeOf(part);
    try {
      await fetchInto(source, part, options);
      break;
    } catch (error) {
      if (signal?.aborted)
        throw new FilesError(
          `${source.name}: interrupted after ${bytes(sizeOf(part))}; the same command resumes from there`,
        );
      if (!(error instanceof TemporaryError)) throw error;
      const progressed = sizeOf(part) > before;
      if (attempt >= retries) {
        const kept =
          sizeOf(part) > 0
            ? `; the ${bytes(sizeOf(part))} that came are kept, and the same command resumes from there`
            : '';
        throw new FilesError(`${source.name}: ${error.message}${kept}`);
      }
      await wait(progressed ? pause : pause * 2 ** attempt, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }
  if (sha256 !== undefined) await checkSum(source.name, part, sha256);
}

const bytes = (count: number): string => `${count.toLocaleString('en-US')} bytes`;
const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
const factsOf = (part: string): string => `${part}.json`;

function readFacts(part: string): PartFacts | undefined {
  try {
    return JSON.parse(readFileSync(factsOf(part), 'utf8')) as PartFacts;
  } catch {
    return undefined;
  }
}

/** Addresses with a signature change from day to day; the file behind them does not. */
const withoutQuery = (url: string): string => url.split('?')[0] as string;

async function fetchInto(source: DownloadSource, part: string, options: DownloadOptions): Promise<void> {
  const { timeout = 30, onProgress, signal } = options;
  const { name, url, authorization } = source;
  const facts = readFacts(part);
  const have = facts && withoutQuery(facts.url) === withoutQuery(url) && facts.validator !== null ? sizeOf(part) : 0;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener('abort', onAbort);
  let timer: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new TemporaryError(`no data came for ${timeout} s`)), timeout * 1000);
  };
  try {
    signal?.throwIfAborted();
    alive();
    const response = await fetch(url, {
      signal: stop.signal,
      headers: {
        // What is sent packed has another length than what is asked for.
        'accept-encoding': 'identity',
        ...(authorization === undefined ? {} : { authorization }),
        ...(have > 0 ? { range: `bytes=${have}-`, 'if-range': facts?.validator as string } : {}),
      },
    });
    if (response.status === 416 && have > 0) {
      // There is nothing behind what is here: it is whole, or another file's.
      await response.body?.cancel();
      if (response.headers.get('content-range') === `bytes */${have}`) return;
      rmSync(part, { force: true });
      throw new TemporaryError('the file on the server has changed');
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw refusal(source, response.status);
    }
    const resumed = response.status === 206;
    if (resumed) checkRange(source.name, part, response, { start: have, total: facts?.total ?? 0 });
    if (/^text\/html/i.test(response.headers.get('content-type') ?? '')) {
      await response.body?.cancel();
      throw new FilesError(`${name}: the server sent a web page instead of data; does the address need a login?`);
    }
    const start = resumed ? have : 0;
    const total = lengthOf(response, start);
    if (!resumed) writeFacts(part, { url, validator: validatorOf(response), total });
    const file = await open(part, resumed ? 'a' : 'w');
    try {
      const end = await writeAll(file, response, start, (done) => {
        alive();
        onProgress?.(done, total);
      });
      if (total > 0 && end !== total)
        throw new TemporaryError(`the connection broke off after ${bytes(end)} of ${bytes(total)}`);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof FilesError || error instanceof TemporaryError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    if (stop.signal.reason instanceof TemporaryError) throw stop.signal.reason;
    throw connectionError(url, error, sizeOf(part));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Whether what comes is packed for the way: then its length is another one, and no part of it can be asked for. */
const isPacked = ({ headers }: Response): boolean => !/^(identity)?$/i.test(headers.get('content-encoding') ?? '');

/** Bytes of the whole file, of which `start` are here; 0 if the server does not say. */
function lengthOf(response: Response, start: number): number {
  const length = response.headers.get('content-length');
  return length === null || isPacked(response) ? 0 : start + Number(length);
}

/**
 * By what the rest of this very file can be asked for, byte for byte (RFC 9110, 8.8 and 13.1.5): an ETag that is not
 * weak, or the time of its last change, if the file is known to have been the same for a while.
 */
function validatorOf(response: Response): string | null {
  if (isPacked(response)) return null;
  const { headers } = response;
  const etag = headers.get('etag');
  if (etag !== null) return etag.startsWith('"') ? etag : null;
  const changed = headers.get('last-modified');
  const age = Date.parse(headers.get('date') ?? '') - Date.parse(changed ?? '');
  return age >= LONG_UNCHANGED && headers.has('content-length') ? changed : null;
}

/** @throws TemporaryError if an answer is not the rest of what is here, which is deleted then */
function checkRange(
  name: string,
  part: string,
  response: Response,
  have: { readonly start: number; readonly total: number },
): void {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  const [start, last, total] = (range ?? []).slice(1).map(Number) as [number?, number?, number?];
  if (start !== have.start)
    throw new FilesError(`${name}: the server sent another part than the one that was asked for`);
  const isWhole = Number.isNaN(total) || last === (total as number) - 1;
  const isSame = have.total === 0 || Number.isNaN(total) || total === have.total;
  if (isWhole && isSame && !isPacked(response)) return;
  rmSync(part, { force: true });
  throw new TemporaryError('the file on the server has changed');
}

async function writeAll(
  file: FileHandle,
  response: Response,
  start: number,
  onBytes: (done: number) => void,
): Promise<number> {
  let done = start;
  for await (const piece of response.body ?? []) {
    await file.writeFile(piece);
    done += piece.length;
    onBytes(done);
  }
  return done;
}

function writeFacts(part: string, facts: PartFacts): void {
  rmSync(part, { force: true });
  writeFileSync(factsOf(part), JSON.stringify(facts));
}

function refusal({ name, hint }: DownloadSource, status: number): Error {
  const meaning: Readonly<Record<number, string>> = {
    401: 'it needs a login, or the token is wrong',
    403: 'likely expired',
    404: 'there is nothing at this address',
    410: 'it has been taken away',
    429: 'too many requests',
  };
  const other = status >= 500 ? 'the server failed; try again later' : 'the server refuses';
  const forbidden = status === 401 || status === 403 ? hint : undefined;
  const words = `HTTP ${status}, ${forbidden ?? meaning[status] ?? other}`;
  return status >= 500 || status === 429 ? new TemporaryError(words) : new FilesError(`${name}: ${words}`);
}

function connectionError(url: string, error: unknown, have: number): Error {
  const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
  const { host } = new URL(url);
  if (cause?.code === 'ENOTFOUND') return new FilesError(`${printable(url)}: there is no server called ${host}`);
  if (cause?.code === 'ECONNREFUSED') return new TemporaryError(`${host} does not answer`);
  const why = cause?.message ?? (error as Error).message;
  return new TemporaryError(`the connection broke off${have > 0 ? ` after ${bytes(have)}` : ''} (${printable(why)})`);
}

/** @throws FilesError if the file is another one; it is deleted then */
async function checkSum(name: string, path: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of filePieces(path)) hash.update(piece);
  const found = hash.digest('hex');
  if (found === expected.toLowerCase()) return;
  rmSync(path, { force: true });
  rmSync(factsOf(path), { force: true });
  throw new FilesError(`${name}: its SHA-256 is ${found}, not ${expected.toLowerCase()}; it has been deleted`);
}
