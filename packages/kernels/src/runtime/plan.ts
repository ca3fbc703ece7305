/** The memory plan of a recorded step: temporaries that are not in use at the same time share a buffer. */

/** A temporary's life: from the dispatch that writes it first to the last one that touches it. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Plan {
  /** For each lifetime, the number of its buffer. */
  readonly buffer: readonly number[];
  /** Size of each buffer in bytes. */
  readonly sizes: readonly number[];
}

/**
 * Gives buffers to lifetimes so that lives that overlap never share one: the largest first, each into the smallest
 * buffer that is free for its whole life, else into a new one. Two temporaries of one dispatch always overlap, so that
 * no dispatch binds a buffer both for reading and for writing, which WebGPU forbids.
 */
export function planMemory(lifetimes: readonly Lifetime[]): Plan {
  const order = lifetimes
    .map((_, i) => i)
    .sort((a, b) => (lifetimes[b] as Lifetime).bytes - (lifetimes[a] as Lifetime).bytes || a - b);
  const buffer: number[] = new Array(lifetimes.length);
  const tenants: Lifetime[][] = [];
  const sizes: number[] = [];
  for (const index of order) {
    const life = lifetimes[index] as Lifetime;
    // Buffers are opened by falling size, so the last one that fits is the smallest.
    let chosen = -1;
    for (let candidate = tenants.length - 1; candidate >= 0 && chosen < 0; candidate--) {
      const free = (tenants[candidate] as Lifetime[]).every(
        ({ first, last }) => last < life.first || life.last < first,
      );
      if (free) chosen = candidate;
    }
    if (chosen < 0) {
      chosen = tenants.length;
      tenants.push([]);
      sizes.push(life.bytes);
    }
    (tenants[chosen] as Lifetime[]).push(life);
    buffer[index] = chosen;
  }
  return { buffer, sizes };
}
