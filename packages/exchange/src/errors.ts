/** Errors of this package. */
import { NamedError } from '@anke/messages';

/** A model or weights in another program's format cannot be taken or given: the message says what was found instead. */
export class ExchangeError extends NamedError {
  override readonly name = 'ExchangeError';
}
