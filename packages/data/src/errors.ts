/** Errors of this package. */
import { oneLine } from './text.js';

/** What is wrong with a user's data: says the file, the line, the column and the value, and what was expected. */
export class DataError extends Error {
  override readonly name: string = 'DataError';

  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
  }
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
