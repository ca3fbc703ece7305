import { expect, test } from 'vitest';
import { defineOperation, type Operation } from './operation.js';

test('an operation without a gradient for an input cannot be registered', () => {
  const forgotten = {
    name: 'forgetful',
    inputs: ['x', 'w', 'labels'],
    constants: ['labels'],
    forward: () => {
      throw new Error('never called');
    },
    gradients: { x: () => undefined },
  } as unknown as Operation;
  expect(() => defineOperation(forgotten)).toThrow('operation "forgetful" has no gradient for w');
});
