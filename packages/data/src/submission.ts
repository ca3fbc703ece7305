/** Submissions: `id,label`, a row a test image. */
import { quoted } from '@anke/messages';
import { DataError } from './errors.js';
import { LABEL_RANGE, MOST_CLASSES } from './labels.js';

/**
 * The labels of a submission, which must have the ids of the test images, in their order.
 *
 * @throws DataError if it has others, or something that is no label
 */
export function readSubmission(file: string, bytes: Uint8Array, ids: readonly string[]): Uint32Array {
  const [header = '', ...lines] = new TextDecoder()
    .decode(bytes)
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/);
  if (header.replaceAll('"', '') !== 'id,label') {
    throw new DataError(`${file}, line 1: expected "id,label", found ${quoted(header)}`);
  }
  if (lines.length !== ids.length)
    throw new DataError(`${file}: it has ${lines.length} rows, but the test data has ${ids.length}`);
  return Uint32Array.from(lines, (line, i) => {
    const [id, label = ''] = line.replaceAll('"', '').split(',');
    if (id !== ids[i]) {
      throw new DataError(
        `${file}, line ${i + 2}, column "id": expected ${quoted(ids[i])} as in test.csv, found ${quoted(id)}`,
      );
    }
    if (!/^\d{1,9}$/.test(label) || Number(label) >= MOST_CLASSES) {
      throw new DataError(`${file}, line ${i + 2}, column "label": expected ${LABEL_RANGE}, found ${quoted(label)}`);
    }
    return Number(label);
  });
}

/** The text of a submission: `id,label`, a row a test image. */
export function formatSubmission(ids: readonly string[], labels: ArrayLike<number>): string {
  return `id,label\n${ids.map((id, i) => `${id},${labels[i]}\n`).join('')}`;
}
