/** What the errors of all packages that read what others have written are. */
import { oneLine } from './text.js';

/** An error for people: its message is one line that is safe to print, whatever was put into it. */
export class NamedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
  }
}
