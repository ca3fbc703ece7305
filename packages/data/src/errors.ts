/** What is wrong with a user's data: says the file, the line, the column and the value, and what was expected. */
export class DataError extends Error {
  override readonly name = 'DataError';
}
