/**
 * The section «Layers» of docs/keras.md. If these failed, it would promise layers that do not exist, or be silent about
 * some that do.
 */
import { ACTIVATIONS, LAYER_TYPES } from '@anke/nn';
import { expect, test } from 'vitest';
import { isMissing, namesIn, rowsOf, section } from './keras-document.js';

const names: readonly string[] = LAYER_TYPES;
const rows = rowsOf('Layers');
const present = rows.filter((row) => !isMissing(row)).flatMap(({ ours }) => namesIn(ours));

test('each layer that exists has one row', () => {
  expect(present.filter((name) => names.includes(name)).sort()).toEqual([...names].sort());
});

test('what a row calls present exists', () => {
  // An option of the first layer.
  expect(present.filter((name) => !names.includes(name))).toEqual(['inputShape']);
});

test('what a row calls missing does not exist', () => {
  const missing = rows.filter(isMissing).flatMap(({ keras }) => namesIn(keras));
  expect(missing.length).toBeGreaterThan(0);
  expect(missing.filter((name) => names.includes(name))).toEqual([]);
});

test('the activations are those that there are', () => {
  const [, listed = ''] = /`activation` may be ([\s\S]*?);/.exec(section('Layers')) ?? [];
  expect(namesIn(listed)).toEqual([...ACTIVATIONS]);
});
