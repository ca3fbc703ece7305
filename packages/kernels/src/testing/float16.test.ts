/** If float16 were encoded wrongly here, tests of kernels that store 16 bits would compare with the wrong numbers. */
import { expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16, roundToFloat16 } from './float16.js';

test('numbers become float16 and come back', () => {
  const exact = [0, 1, -1, 0.5, 65504, -65504, 2 ** -14, 2 ** -24, 1 + 1 / 1024, 3.140625];
  expect(Array.from(decodeFloat16(encodeFloat16(exact)))).toEqual(exact);
  expect([1 + 1 / 2048, 1 + 3 / 2048, 2 ** -25, 65520, 0.1].map(roundToFloat16)).toEqual([
    1,
    1 + 2 / 1024,
    0,
    Number.POSITIVE_INFINITY,
    0.0999755859375,
  ]);
});
