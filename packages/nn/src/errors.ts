/** The errors of this package: each says what was expected, what was found, and where. */
import { NamedError } from '@anke/messages';

/**
 * Shapes that do not fit, found when a graph is built: names the layer, what it expects, and the inputs it was given.
 */
export class ShapeError extends NamedError {
  override readonly name = 'ShapeError';
}

/** A model is used in a way that it does not allow; says what to do instead. */
export class ModelError extends NamedError {
  override readonly name = 'ModelError';
}

/**
 * A weight, a result, or anything on the way to it is NaN or infinite: names it and, where a step computed it, the
 * step.
 */
export class NonFiniteError extends NamedError {
  override readonly name = 'NonFiniteError';
}

/** A file that is no model, or not the one that is expected. */
export class FormatError extends NamedError {
  override readonly name = 'FormatError';
}
