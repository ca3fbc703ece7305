/**
 * A store that notices when a file has changed since it was written: `SHA256SUMS` lists what each file must be, a line
 * a file, as the program sha256sum writes and checks them. A file that is not listed is taken as it is.
 *
 * Two files cannot change at the same moment. So a file's new sum is listed before the file is written, and the one
 * that it has had until then stays as a remark, `# was …`, which programs skip: whenever a run is killed, a file has
 * one of the two.
 */
import { RunError } from './errors.js';
import { readText, type Store, writeText } from './store.js';

export const SUMS_FILE = 'SHA256SUMS';

/** A file is not what was written. */
export class DamageError extends RunError {}

/** What a file may be: the sum that it gets, and those that it may have had before, as hexadecimal digits. */
interface Listed {
  readonly sum: string;
  readonly was: readonly string[];
}

type Sums = ReadonlyMap<string, Listed>;

export class SealedStore implements Store {
  /** Files whose writing has ended: they no longer have an earlier sum. */
  readonly #settled = new Set<string>();
  /** One file is written at a time. */
  #queue: Promise<void> = Promise.resolve();

  constructor(readonly store: Store) {}

  /** The store itself if it is sealed already. */
  static of(store: Store): SealedStore {
    return store instanceof SealedStore ? store : new SealedStore(store);
  }

  /** @throws DamageError if the file is not what was written, or the list cannot be read */
  async read(name: string): Promise<Uint8Array | undefined> {
    // Where another process writes at this moment, a second look finds the list and the file together.
    for (let looks = 1; ; looks++) {
      const listed = (await this.#sums()).get(name);
      const bytes = await this.store.read(name);
      if (!bytes || !listed) return bytes;
      const found = await sha256(bytes);
      if (found === listed.sum || listed.was.includes(found)) return bytes;
      if (looks === LOOKS)
        throw new DamageError(`it has changed since it was written: its SHA-256 is not the one in ${SUMS_FILE}`, name);
    }
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#next(async () => {
      const sums = await this.#sums();
      const was = await this.#sumsNow(name, sums.get(name));
      this.#settled.delete(name);
      await this.#list(new Map([...sums, [name, { sum: await sha256(bytes), was }]]));
      await this.store.write(name, bytes);
      this.#settled.add(name);
    });
  }

  /** What is wrong with any of the files that are listed. */
  async damage(): Promise<DamageError[]> {
    const found: DamageError[] = [];
    for (const name of (await this.#sums()).keys()) {
      try {
        if (!(await this.read(name))) found.push(new DamageError('it is missing', name));
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        found.push(error);
      }
    }
    return found;
  }

  /** Lists a file as it is now; one that is not there is no longer listed. */
  accept(name: string): Promise<void> {
    return this.#next(async () => {
      const sums = new Map(await this.#sums());
      const bytes = await this.store.read(name);
      if (bytes) sums.set(name, { sum: await sha256(bytes), was: [] });
      else sums.delete(name);
      await this.#list(sums);
    });
  }

  /** What a file may have for a sum at this moment. */
  async #sumsNow(name: string, listed: Listed | undefined): Promise<string[]> {
    if (listed) return this.#settled.has(name) ? [listed.sum] : [listed.sum, ...listed.was];
    const bytes = await this.store.read(name);
    return bytes ? [await sha256(bytes)] : [];
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #sums(): Promise<Sums> {
    return parseSums((await readText(this.store, SUMS_FILE)) ?? '');
  }

  async #list(sums: Sums): Promise<void> {
    const settled = [...sums].map(([name, { sum, was }]) => [name, { sum, was: this.#settled.has(name) ? [] : was }]);
    await writeText(this.store, SUMS_FILE, formatSums(new Map(settled as [string, Listed][])));
  }
}

const LOOKS = 3;

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const formatSums = (sums: Sums): string =>
  [...sums]
    .flatMap(([name, { sum, was }]) => [...was.map((one) => `# was ${one}  ${name}\n`), `${sum}  ${name}\n`])
    .join('');

/** @throws DamageError if a line is none that {@link formatSums} or the program sha256sum writes */
function parseSums(text: string): Sums {
  const sums = new Map<string, Listed>();
  let was: string[] = [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  for (const [i, line] of lines.entries()) {
    const [, earlier, sum = '', name = ''] = /^(# was )?([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (name === '') throw new DamageError(`line ${i + 1} is no SHA-256 and a file’s name`, SUMS_FILE);
    if (earlier) was.push(sum);
    else {
      sums.set(name, { sum, was });
      was = [];
    }
  }
  return sums;
}
