/** `sample_submission.csv`, which lists the ids of the test images, and `test-labels.csv`, which has their labels. */
import { readWhole, type SourceFile } from '../source.js';
import { readSubmission } from '../submission.js';
import { isRead, type LoadOptions, type Taken } from './options.js';
import { baseName } from './roles.js';

interface Content {
  readonly file: string;
  readonly bytes: Uint8Array;
}

const SAMPLE = /^sample_submission\.csv$/i;
const ANSWERS = /^test-labels\.csv$/i;

export const isSubmission = (name: string): boolean => SAMPLE.test(name) || ANSWERS.test(name);

export class SubmissionFiles {
  #sample: Content | undefined;
  #answers: Content | undefined;

  constructor(readonly options: LoadOptions) {}

  async take(file: SourceFile): Promise<Taken> {
    if (!isRead('test', this.options)) return 'left';
    const content = { file: file.name, bytes: await readWhole(file) };
    if (SAMPLE.test(baseName(file.name))) this.#sample = content;
    else this.#answers = content;
    return 'used';
  }

  /**
   * The labels of the test images, if they are known.
   *
   * @throws DataError if one of the files has other ids than the test images
   */
  labelsOf(ids: readonly string[]): Uint32Array | undefined {
    if (this.#sample) readSubmission(this.#sample.file, this.#sample.bytes, ids);
    return this.#answers && readSubmission(this.#answers.file, this.#answers.bytes, ids);
  }
}
