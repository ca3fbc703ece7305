/** Errors of this package. */
import { DataError } from '@anke/data';

/**
 * A file, an archive or a download that cannot be used: says which, why, and what to do. It is a DataError, so that who
 * loads data from a disk needs to know one kind of error.
 */
export class FilesError extends DataError {
  override readonly name: string = 'FilesError';
}
