/** What goes wrong in a training and its user can fix: said in one line, without a stack trace. */
import { NamedError } from '@anke/messages';

/** A recipe cannot be used; the message names each path in it that is wrong, and what it may hold. */
export class RecipeError extends NamedError {
  override readonly name = 'RecipeError';
}

/** A file holds no golden run. */
export class GoldenError extends NamedError {
  override readonly name = 'GoldenError';
}

/** A stored run cannot be resumed. */
export class RunError extends NamedError {
  override readonly name = 'RunError';

  /**
   * @param reason what is wrong
   * @param file the name in the store of the file that is to blame, if it is one
   */
  constructor(
    readonly reason: string,
    readonly file?: string,
  ) {
    super(file === undefined ? reason : `${file}: ${reason}`);
  }
}
