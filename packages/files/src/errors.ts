/** Errors of this package. */
import { DataError } from '@anke/data';

/**
 * A file, an archive or a download that cannot be used: says which, why, and what to do. It is a DataError, so that
 * code that loads data from a disk needs to handle one kind of error only.
 */
export class FilesError extends DataError {
  override readonly name: string = 'FilesError';
}
