/** Limits of what archives may unpack to: a small archive can be made to fill any disk. */
import { FilesError } from '../errors.js';

/** How much an archive may unpack to. */
export interface ArchiveLimits {
  /** Bytes in all. */
  readonly maxBytes: number;
  /** Times its own size, once that is more than `HARMLESS` bytes. */
  readonly maxRatio: number;
}

export const DEFAULT_LIMITS: ArchiveLimits = { maxBytes: 16 * 2 ** 30, maxRatio: 200 };

/** Bytes that an archive of any size may unpack to: no machine has a problem with them. */
const HARMLESS = 64 * 2 ** 20;

/** Counts what comes out of an archive, and stops it where that is more than it may be. */
export class Budget {
  #spent = 0;

  /** @param packed the archive's own size in bytes */
  constructor(
    readonly archive: string,
    readonly packed: number,
    readonly limits: ArchiveLimits = DEFAULT_LIMITS,
  ) {}

  /** @throws FilesError if with these bytes there are more than the limits allow */
  spend(bytes: number): void {
    this.#spent += bytes;
    const { maxBytes, maxRatio } = this.limits;
    if (this.#spent > maxBytes) {
      throw new FilesError(
        `${this.archive}: it unpacks to more than ${maxBytes} bytes, the limit (--max-unpacked raises it)`,
      );
    }
    if (this.#spent > HARMLESS && this.#spent > maxRatio * this.packed) {
      throw new FilesError(
        `${this.archive}: it unpacks to more than ${maxRatio} times its ${this.packed} bytes, as a bomb does ` +
          '(--max-ratio raises the limit)',
      );
    }
  }
}
