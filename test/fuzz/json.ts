/** Changes JSON as a value: a part of it becomes something else, goes away, or is there once more. */
import type { Dice } from './change.ts';

type Json = null | boolean | number | string | Holder;
type Holder = Json[] | { [key: string]: Json };

const VALUES: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1e300,
  0.5,
  2 ** 31,
  2 ** 53,
  '',
  'a',
  '\u001b[31m\n',
  '\u202e',
  'x'.repeat(700),
  '__proto__',
  [],
  [0],
  [[[[]]]],
  {},
  { type: 'x' },
];
const KEYS = ['type', 'name', 'layers', 'toString', '__proto__', 'length', '\u001b', 'k'.repeat(300)];

/** The text with one to four values changed; undefined if it is no JSON of objects or lists. */
export function changedJson(text: string, dice: Dice): string | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (let changes = 1 + dice.below(4); changes > 0; changes--) change(value, dice);
  return JSON.stringify(value);
}

function change(root: Holder, dice: Dice): void {
  let at = root;
  let key = anyKey(at, dice);
  while (key !== undefined && dice.below(4) > 0) {
    const below = (at as Record<string, Json>)[key];
    if (typeof below !== 'object' || below === null) break;
    at = below;
    key = anyKey(at, dice);
  }
  changeAt(at, key, root, dice);
}

function anyKey(value: Holder, dice: Dice): string | undefined {
  const keys = Object.keys(value);
  return keys.length === 0 ? undefined : dice.of(keys);
}

function changeAt(at: Holder, key: string | undefined, root: Json, dice: Dice): void {
  const value = dice.below(4) === 0 ? anyPart(root, dice) : structuredClone(dice.of(VALUES));
  const holder = at as Record<string, Json>;
  const kind = key === undefined ? 3 : dice.below(4);
  if (kind === 0) holder[key as string] = value;
  else if (kind === 1 && Array.isArray(at)) at.splice(Number(key), 1);
  else if (kind === 1) delete holder[key as string];
  else if (kind === 2 && typeof holder[key as string] === 'number')
    holder[key as string] = (holder[key as string] as number) * dice.of([-1, 0, 0.5, 2, 1e6]);
  else if (Array.isArray(at)) at.splice(dice.below(at.length + 1), 0, value);
  else Object.defineProperty(at, dice.of(KEYS), { value, enumerable: true, configurable: true, writable: true });
}

/** A copy of some part. */
function anyPart(root: Json, dice: Dice): Json {
  let at = root;
  while (typeof at === 'object' && at !== null && dice.below(3) > 0) {
    const keys = Object.keys(at);
    if (keys.length === 0) break;
    at = (at as Record<string, Json>)[dice.of(keys)] as Json;
  }
  return structuredClone(at);
}
