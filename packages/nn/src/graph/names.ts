/** Names of layers that the user gave none, as Keras makes them. */
import type { Layer } from '../layers/layer.js';
import type { LayerType } from '../layers/layer-type.js';

/** Numbers the unnamed layers of one graph: the type in snake case, then `_1`, `_2`, … from the second on. */
export class Namer {
  readonly #counts = new Map<LayerType, number>();

  nameFor({ type, options }: Layer): string {
    if (options.name !== undefined) return options.name;
    const count = this.#counts.get(type) ?? 0;
    this.#counts.set(type, count + 1);
    const base = type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
    return count === 0 ? base : `${base}_${count}`;
  }
}
