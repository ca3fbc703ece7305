/**
 * What was found out about the kernels of a device, for all runs of this user: a file in the user's cache folder, one
 * for each device and each set of variants, because with others to choose from, what was chosen says nothing.
 */
import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@anke/dawn';
import { LockedError, takeLock } from '@anke/files';
import { type Choices, registry } from '@anke/kernels';
import { formatChoices, parseChoices, RunError, readText, SealedStore, writeText } from '@anke/training';
import { folderStore } from './run-files.js';

const variantsStamp = (): string =>
  createHash('sha256')
    .update(registry.map(({ name, variants }) => `${name}: ${Object.keys(variants)}`).join('; '))
    .digest('hex')
    .slice(0, 8);

export class TuningCache {
  readonly #folder = cacheFolder('tuning');
  readonly #store = new SealedStore(folderStore(this.#folder));
  readonly #file: string;

  /** @param say is told what becomes of a file that is damaged */
  constructor(
    readonly device: string,
    readonly say: (line: string) => void,
  ) {
    this.#file = `${device.replace(/[^\w.-]+/g, '_')}-${variantsStamp()}.json`;
  }

  /** What is known. A damaged file is set aside: then nothing is. */
  async read(): Promise<Choices> {
    try {
      const text = await readText(this.#store, this.#file);
      return text === undefined ? {} : parseChoices(text, this.#file).choices;
    } catch (error) {
      if (!(error instanceof RunError) || error.file === undefined) throw error;
      const path = join(this.#folder, error.file);
      renameSync(path, `${path}.damaged`);
      this.say(`${path}: ${error.reason}; it is kept as ${error.file}.damaged, and kernels are chosen anew`);
      return await this.read();
    }
  }

  /** Adds what is not known yet: another process may have written in the meantime. */
  async add(choices: Choices): Promise<void> {
    try {
      const release = await takeLock(join(this.#folder, '.lock'), this.#folder, PATIENCE);
      try {
        const all = { ...choices, ...(await this.read()) };
        await writeText(this.#store, this.#file, formatChoices({ device: this.device, choices: all }));
      } finally {
        release();
      }
    } catch (error) {
      // The run goes on without: a later one chooses again.
      if (!(error instanceof LockedError)) throw error;
      this.say(`${error.message}; what was found out about the kernels is not kept`);
    }
  }
}

/** Milliseconds to wait for another process, which needs a few to write. */
const PATIENCE = 5000;
