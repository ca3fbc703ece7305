/** The errors of this package: each says what was expected, what was found, and where. */

/**
 * Shapes that do not fit, found when a graph is built: names the layer, what it expects, and the inputs it was given.
 */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** A model is used in a way that it does not allow; says what to do instead. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** A file that is no model, or not the one that is expected. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
