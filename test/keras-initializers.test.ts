/**
 * If this failed, «Initializers and regularizers» in docs/keras.md would promise what the code does not do, or not tell
 * what it does: names, the defaults of their options, and the layers that take them.
 */
import { INITIALIZERS, l1, l1l2, l2, makeLayer } from '@anke/nn';
import { checkRecipe } from '@anke/training';
import { expect, test } from 'vitest';
import { isMissing, namesIn, tablesOf } from './keras-document.js';

const [initializers = [], regularizers = [], layers = []] = tablesOf('Initializers and regularizers');

/** `Name(option=1.0)` as a name in this project's spelling, and its options. */
function keras(cell: string): { readonly name: string; readonly options: Readonly<Record<string, number>> } {
  const [, name = '', options = ''] = /^`(\w+)(?:\((.*)\))?`$/.exec(cell) ?? [];
  const pairs = [...options.matchAll(/(\w+)=([-\d.]+)/g)].map(([, option, value]) => [option, Number(value)]);
  return { name: name.charAt(0).toLowerCase() + name.slice(1), options: Object.fromEntries(pairs) };
}

const present = (table: readonly (readonly string[])[]) =>
  table
    .map(([theirs = '', ours = '']) => ({ theirs, ours }))
    .filter((row) => !isMissing(row))
    .map(({ theirs, ours }) => ({ ...keras(theirs), ours }));

const recipe = (layer: object) =>
  checkRecipe({ layers: [layer], phases: [{ optimizer: { type: 'SGD' }, epochs: 1 }] }, 'test');

test('initializers', () => {
  const listed = present(initializers);
  expect(listed.map(({ name, ours }) => `\`${name}\`` === ours)).toEqual(listed.map(() => true));
  expect(Object.fromEntries(listed.map(({ name, options }) => [name, options]))).toEqual(INITIALIZERS);
});

test('regularizers', () => {
  const made = { l1: l1(), l2: l2(), l1l2: l1l2() };
  const listed = present(regularizers);
  expect(listed.map(({ ours }) => ours)).toEqual(Object.keys(made).map((name) => `\`${name}\``));
  expect(listed.map(({ options }) => options)).toEqual(Object.values(made));
});

test('the layers that take them, in code and in recipes, and no other options', async () => {
  const kernelSize = 1;
  const needed = {
    Conv2D: { filters: 1, kernelSize },
    Dense: { units: 1 },
    DepthwiseConv2D: { kernelSize },
    SeparableConv2D: { filters: 1, kernelSize },
  };
  expect(layers.length).toBe(6);
  for (const [layer, starts, penalties] of layers) {
    const [type = ''] = namesIn(layer);
    const given = Object.fromEntries([
      ...namesIn(starts).map((name) => [name, { type: 'constant', value: 0.5 }] as const),
      ...namesIn(penalties).map((name) => [name, { l1: 0.25, l2: 0.125 }] as const),
    ]);
    const options = { ...needed[type as keyof typeof needed], ...given };
    const made = makeLayer(type, options);
    const { weights } = made.infer([type === 'Dense' ? [3] : [4, 4, 3]]);
    // Each option reaches a weight of the layer.
    const started = weights.filter(({ initializer }) => typeof initializer === 'object');
    expect(started.length, type).toBe(namesIn(starts).length);
    expect(weights.filter(({ regularizer }) => regularizer?.l1 === 0.25).length, type).toBe(namesIn(penalties).length);
    expect((await recipe({ type, ...options })).layers).toEqual([{ type, ...options }]);
    // What is not listed is refused in a recipe.
    await expect(recipe({ type, ...options, kernelConstraint: 1 })).rejects.toThrow('kernelConstraint');
  }
});
