/** Changes good files at random: bits, bytes, ranges, words of the format, parts of other files. */

/** Numbers from a seed, fast: xorshift (Marsaglia, *Xorshift RNGs*, 2003). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
  }

  /** 0 … below − 1 */
  below(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % below;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

/** An input is not longer, so that the fast readers stay fast. */
const LONGEST = 2 ** 15;
const BYTES = [0, 1, 9, 10, 13, 32, 34, 39, 44, 45, 46, 47, 48, 57, 58, 91, 92, 93, 123, 125, 127, 128, 129, 200, 255];

/** One to eight changes; `others` are files whose parts may come in. */
export function changed(
  good: Uint8Array,
  dice: Dice,
  { others, words }: { readonly others: readonly Uint8Array[]; readonly words: readonly Uint8Array[] },
): Uint8Array {
  const most = Math.min(LONGEST, 2 * good.length + 256);
  const bytes = new Uint8Array(most);
  bytes.set(good.subarray(0, most));
  const draft = new Draft(bytes, Math.min(good.length, most));
  for (let changes = 1 << dice.below(4); changes > 0; changes--) change(draft, dice, others, words);
  return draft.bytes.subarray(0, draft.length);
}

function change(draft: Draft, dice: Dice, others: readonly Uint8Array[], words: readonly Uint8Array[]): void {
  const { bytes, length } = draft;
  const at = dice.below(length + 1);
  const span = 1 + dice.below(dice.below(8) === 0 ? 256 : 8);
  switch (dice.below(words.length > 0 ? 11 : 9)) {
    case 0:
      if (at < length) bytes[at] = (bytes[at] as number) ^ (1 << dice.below(8));
      break;
    case 1:
      if (at < length) bytes[at] = dice.of(BYTES);
      break;
    case 2:
      if (at < length) bytes[at] = (bytes[at] as number) + dice.below(3) - 1;
      break;
    case 3:
      draft.replace(at, span, NOTHING);
      break;
    case 4:
      draft.replace(at, 0, new Uint8Array(span).fill(dice.of(BYTES)));
      break;
    case 5:
      draft.replace(at, 0, bytes.slice(at, Math.min(length, at + span)));
      break;
    case 6:
      bytes.fill(dice.of(BYTES), at, Math.min(length, at + span));
      break;
    case 7: {
      const other = dice.of(others);
      const from = dice.below(other.length + 1);
      draft.replace(at, span, other.subarray(from, from + span));
      break;
    }
    case 8:
      if (dice.below(4) === 0) draft.length = at;
      break;
    default:
      draft.replace(at, dice.below(2) * span, dice.of(words));
      break;
  }
}

const NOTHING = new Uint8Array();

/** A file while it is changed. */
class Draft {
  constructor(
    readonly bytes: Uint8Array,
    public length: number,
  ) {}

  /** Puts something in the place of `count` bytes; what would be too long is cut off. */
  replace(at: number, count: number, by: Uint8Array): void {
    const behind = Math.min(this.length, at + count);
    const fits = Math.min(by.length, this.bytes.length - at);
    const end = Math.min(this.bytes.length, this.length - behind + at + fits);
    if (behind !== at + fits) this.bytes.copyWithin(at + fits, behind, behind + end - at - fits);
    this.bytes.set(by.subarray(0, fits), at);
    this.length = Math.max(end, at + fits);
  }
}
