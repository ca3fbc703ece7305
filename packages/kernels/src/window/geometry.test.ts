/** If these failed, the windows of convolutions and poolings would lie elsewhere than in TensorFlow and Keras. */
import { expect, test } from 'vitest';
import { windowAxis } from './geometry.js';

test('valid windows lie inside the image, and a rest that no window reaches is left over', () => {
  expect(windowAxis(7, 7, 1, 'valid')).toEqual({ out: 1, before: 0 });
  expect(windowAxis(8, 3, 2, 'valid')).toEqual({ out: 3, before: 0 });
  expect(windowAxis(8, 3, 4, 'valid')).toEqual({ out: 2, before: 0 });
});

test('same windows begin at every stride, with the smaller half of the padding first', () => {
  expect(windowAxis(5, 3, 1, 'same')).toEqual({ out: 5, before: 1 });
  expect(windowAxis(224, 3, 2, 'same')).toEqual({ out: 112, before: 0 });
  expect(windowAxis(5, 4, 1, 'same')).toEqual({ out: 5, before: 1 });
  expect(windowAxis(8, 1, 3, 'same')).toEqual({ out: 3, before: 0 });
});

test('a window larger than the image is an error', () => {
  expect(() => windowAxis(2, 3, 1, 'valid')).toThrow('a window of 3 does not fit into 2');
});
