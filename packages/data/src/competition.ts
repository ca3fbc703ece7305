/** The files of the Kaggle competition Kannada-MNIST, and others in the same form. */
import { parseCsv } from './csv.js';
import type { ImageDataset } from './dataset.js';
import { DataError } from './errors.js';
import { openSource } from './source.js';

export interface Competition {
  /** `train.csv`: labelled images to train on. */
  readonly train: ImageDataset;
  /** `test.csv`: images with ids, to be predicted. */
  readonly test: ImageDataset;
  /** `Dig-MNIST.csv`: labelled images by other writers, harder; not every data set has them. */
  readonly digMnist: ImageDataset | undefined;
  /** The labels of the test images, where `test-labels.csv` holds them: synthetic data comes with its answers. */
  readonly testLabels: Uint8Array | undefined;
  /** Names of the files that were read. */
  readonly files: readonly string[];
}

export interface CompetitionOptions {
  /** Reads at most this many rows of `train.csv`. */
  readonly limit?: number;
  /** Is told the file that is being read, bytes read and bytes in all. */
  readonly onProgress?: (file: string, done: number, total: number) => void;
}

/**
 * Reads a folder or a zip archive with `train.csv`, `test.csv` and, where there are any, `Dig-MNIST.csv` and
 * `sample_submission.csv`, whose ids must be those of `test.csv`.
 *
 * @throws DataError if a file is missing or wrong
 */
export async function readCompetition(
  path: string,
  { limit, onProgress }: CompetitionOptions = {},
): Promise<Competition> {
  const source = await openSource(path);
  for (const name of ['train.csv', 'test.csv']) {
    if (!source.names.includes(name)) {
      const found = source.names.length > 0 ? `it holds ${source.names.slice(0, 8).join(', ')}` : 'it is empty';
      throw new DataError(`${path}: there is no ${name} in it; ${found}`);
    }
  }
  const read = async (name: string, first: 'label' | 'id', rows?: number): Promise<ImageDataset> => {
    onProgress?.(name, 0, 1);
    const bytes = await source.read(name);
    return parseCsv(name, bytes, {
      first,
      ...(rows === undefined ? {} : { limit: rows }),
      ...(onProgress ? { onProgress: (done, total) => onProgress(name, done, total) } : {}),
    });
  };
  const train = await read('train.csv', 'label', limit);
  const test = await read('test.csv', 'id');
  const digMnist = source.names.includes('Dig-MNIST.csv') ? await read('Dig-MNIST.csv', 'label') : undefined;
  for (const other of [test, ...(digMnist ? [digMnist] : [])]) {
    if (other.rowLength !== train.rowLength) {
      throw new DataError(
        `${other.source}: its images have ${other.rowLength} pixels, but those of train.csv have ${train.rowLength}`,
      );
    }
  }
  if (source.names.includes('sample_submission.csv')) {
    readSubmission('sample_submission.csv', await source.read('sample_submission.csv'), test.ids as readonly string[]);
  }
  const testLabels = source.names.includes('test-labels.csv')
    ? readSubmission('test-labels.csv', await source.read('test-labels.csv'), test.ids as readonly string[])
    : undefined;
  const files = ['train.csv', 'test.csv', 'Dig-MNIST.csv', 'sample_submission.csv', 'test-labels.csv'].filter((name) =>
    source.names.includes(name),
  );
  return { train, test, digMnist, testLabels, files };
}

/** The labels of a submission, which must have the ids of the test images, in their order. */
function readSubmission(file: string, bytes: Uint8Array, ids: readonly string[]): Uint8Array {
  const [header = '', ...lines] = new TextDecoder()
    .decode(bytes)
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/);
  if (header.replaceAll('"', '') !== 'id,label') {
    throw new DataError(`${file}, line 1: expected "id,label", found "${header.slice(0, 24)}"`);
  }
  if (lines.length !== ids.length)
    throw new DataError(`${file}: it has ${lines.length} rows, but test.csv has ${ids.length}`);
  return Uint8Array.from(lines, (line, i) => {
    const [id, label = ''] = line.replaceAll('"', '').split(',');
    if (id !== ids[i]) {
      throw new DataError(`${file}, line ${i + 2}, column "id": expected "${ids[i]}" as in test.csv, found "${id}"`);
    }
    if (!/^\d$/.test(label)) {
      throw new DataError(`${file}, line ${i + 2}, column "label": expected a label in 0 … 9, found "${label}"`);
    }
    return Number(label);
  });
}

/** The text of a submission: `id,label`, a row a test image. */
export function formatSubmission(ids: readonly string[], labels: ArrayLike<number>): string {
  return `id,label\n${ids.map((id, i) => `${id},${labels[i]}\n`).join('')}`;
}
