/** Errors of this package. */
import { NamedError } from '@anke/messages';

/** What is wrong with a user's data: says the file, the line, the column and the value, and what was expected. */
export class DataError extends NamedError {
  override readonly name: string = 'DataError';
}

/** A parameter that makes no sense: says which, what was expected and what was found. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';

  constructor(
    readonly parameter: string,
    readonly reason: string,
  ) {
    super(`${parameter} ${reason}`);
  }
}
