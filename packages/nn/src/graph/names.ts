/** Names of layers that the user gave none, as Keras makes them. */
import type { LayerDefinition } from '../layers/definition.js';

/**
 * Gives layers their names: their own or, without one, the type in snake case, then `_1`, `_2`, … from the second on.
 */
export class Namer {
  readonly #counts = new Map<string, number>();

  /** @param taken names that are not to be given again */
  nameFor({ type, options }: LayerDefinition, taken: ReadonlySet<string> = new Set()): string {
    if (options.name !== undefined) return options.name;
    const base = type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
    for (let count = this.#counts.get(base) ?? 0; ; count++) {
      const name = count === 0 ? base : `${base}_${count}`;
      if (taken.has(name)) continue;
      this.#counts.set(base, count + 1);
      return name;
    }
  }
}
