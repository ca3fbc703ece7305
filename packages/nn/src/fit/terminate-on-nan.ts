/** The name under which Keras ends a training whose loss is no number. */
import type { Callback } from './callback.js';

/**
 * Every training ends with a `NonFiniteError` at the first value that is NaN or infinite, so this callback has no hooks
 * of its own: it lets recipes and programs that name it as in Keras run as they are.
 */
export class TerminateOnNaN implements Callback {}
