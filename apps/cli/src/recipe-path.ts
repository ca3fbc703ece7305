/** Values in a recipe by their paths: `phases.0.epochs`. */
import { UsageError } from './errors.js';

/** The keys on a path, `phases[0].epochs` or `phases.0.epochs`; undefined where no recipe can have it. */
export function keysOf(path: string): string[] | undefined {
  const keys = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  return keys.some((key) => key in Object.prototype) ? undefined : keys;
}

/**
 * Sets a value, making the objects on the way to it; what does not belong there, the check will say.
 *
 * @throws UsageError if it would leave a gap in a list
 */
export function setAt(recipe: object, path: readonly string[], value: unknown): void {
  let object = recipe as Record<string, unknown>;
  for (const [i, key] of path.slice(0, -1).entries()) {
    if (Array.isArray(object) && Number(key) > object.length) {
      const list = path.slice(0, i).join('.');
      const entries = object.length === 1 ? '1 entry' : `${object.length} entries`;
      throw new UsageError(`--set ${path.join('.')}: ${list} has ${entries}, counted from 0`);
    }
    if (typeof object[key] !== 'object' || object[key] === null) object[key] = {};
    object = object[key] as Record<string, unknown>;
  }
  object[path.at(-1) as string] = value;
}
