/** Errors of this package. */

/** No adapter was found, or no folder for a driver is safe; the message says what was tried and what to do. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}
