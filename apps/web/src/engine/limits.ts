/** What a packed file may unpack to: a small one can be made to fill any memory. */
import { DataError } from '@anke/data';

const MOST_BYTES = 2 ** 31;
/** Bytes that a file of any size may unpack to. */
const HARMLESS = 64 * 2 ** 20;
const MOST_RATIO = 200;

/** @throws DataError if so many bytes of a file of `packed` bytes are too many */
export function checkUnpacked(name: string, bytes: number, packed: number): void {
  if (bytes > MOST_BYTES || (bytes > HARMLESS && bytes > MOST_RATIO * packed))
    throw new DataError(`${name}: it unpacks to ${bytes} bytes or more, which is more than a page should hold`);
}
