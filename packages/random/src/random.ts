/** Streams of random numbers: uniform, normal, integers and permutations, all drawn from Philox. */
import { philox4x32 } from './philox.js';

/** FNV-1a over the characters of a purpose, so that streams with different purposes have different keys. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

/**
 * A stream of random numbers, keyed by a seed, a purpose and a step: the same three give the same numbers on every
 * machine, and different purposes never share a number.
 */
export class Random {
  readonly #key0: number;
  readonly #key1: number;
  readonly #step: number;
  readonly #block = new Uint32Array(4);
  #blocks = 0;
  #left = 0;

  constructor(seed: number, purpose: string, step = 0) {
    this.#key0 = seed >>> 0;
    this.#key1 = (hash(purpose) ^ Math.floor(seed / 2 ** 32)) >>> 0;
    this.#step = step;
  }

  /** An unsigned 32-bit integer. */
  word(): number {
    if (this.#left === 0) {
      this.#block[0] = this.#blocks++;
      this.#block[1] = this.#step;
      this.#block[2] = 0;
      this.#block[3] = 0;
      philox4x32(this.#block, this.#key0, this.#key1);
      this.#left = 4;
    }
    return this.#block[4 - this.#left--] as number;
  }

  /** A number in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer in 0 … below-1. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** A number from the standard normal distribution (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The numbers 0 … length-1 in random order (Fisher and Yates, by Durstenfeld's method). */
  permutation(length: number): Uint32Array {
    const order = Uint32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i] as number;
      order[i] = order[j] as number;
      order[j] = kept;
    }
    return order;
  }
}
