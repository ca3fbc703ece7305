/**
 * The inputs that others are made of: good files, and those that have reached something new: code that had not run, or
 * an answer that had not been given. They are kept on the disk, and the next run begins with them.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changed, type Dice } from './change.ts';
import { changedJson } from './json.ts';
import type { Outcome, Reader } from './reader.ts';

const LARGEST = 2 ** 14;
/** More of them would only make a run's beginning slow. */
const MOST = 2000;

export class Corpus {
  readonly #inputs: Uint8Array[] = [];
  readonly #answers = new Set<string>();
  readonly #words: readonly Uint8Array[];

  constructor(
    seeds: readonly Uint8Array[],
    readonly reader: Reader,
    readonly folder?: string,
  ) {
    this.#inputs.push(...seeds);
    this.#words = (reader.words ?? []).map((word) => Uint8Array.from(Buffer.from(word, 'latin1')));
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(folder).slice(0, MOST)) this.#inputs.push(readFileSync(join(folder, file)));
  }

  get inputs(): readonly Uint8Array[] {
    return this.#inputs;
  }

  /** An input that has not been yet. */
  next(dice: Dice): Uint8Array {
    // Good files more often than what has become of them.
    const seed = this.#inputs[dice.below(dice.below(4) === 0 ? Math.min(4, this.#inputs.length) : this.#inputs.length)];
    const good = seed as Uint8Array;
    if (this.reader.json && dice.below(3) > 0) {
      const text = changedJson(Buffer.from(good).toString(), dice);
      if (text !== undefined) return Buffer.from(text);
    }
    return changed(good, dice, { others: this.#inputs, words: this.#words });
  }

  /** Whether an answer of this kind has not been given before: the same one but for numbers and what is quoted. */
  isNewAnswer(outcome: Outcome): boolean {
    if (outcome.kind !== 'refused') return false;
    const key = outcome.message.replace(/"[^"]*"|\d+/g, '#').slice(0, 160);
    if (this.#answers.size > 5000 || this.#answers.has(key)) return false;
    this.#answers.add(key);
    return true;
  }

  keep(input: Uint8Array): void {
    if (input.length > LARGEST || this.#inputs.length >= MOST) return;
    this.#inputs.push(Uint8Array.from(input));
    if (this.folder === undefined) return;
    const name = join(this.folder, createHash('sha256').update(input).digest('hex').slice(0, 16));
    if (!existsSync(name)) writeFileSync(name, input);
  }
}
