/** Formatted JSON must stay the same JSON, or recipes in run folders would train something else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatJson } from './format.js';

test('what is formatted is the same JSON, in lines that fit', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(formatJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  const layer = { type: 'Conv2D', filters: 32, kernelSize: [3, 3], absent: undefined };
  expect(formatJson(layer)).toBe('{ "type": "Conv2D", "filters": 32, "kernelSize": [3, 3] }');
  const long = formatJson({ layers: Array.from({ length: 4 }, () => layer), phases: [] });
  expect(long.split('\n')).toHaveLength(9);
  for (const line of long.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});
