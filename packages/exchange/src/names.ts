/** Names in a file that is written: each is given once. */
export class FreeNames {
  readonly #taken: Set<string>;

  /** @param taken names that are not to be given */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** The name itself or, where it is taken, the name with a number. */
  take(name: string): string {
    let free = name;
    for (let number = 1; this.#taken.has(free); number++) free = `${name}_${number}`;
    this.#taken.add(free);
    return free;
  }
}
