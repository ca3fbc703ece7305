/** Shapes that do not fit, said when a model is built: names the layer, the shape it was given and what it wanted. */
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
