/** The energy that a machine's processors use, where the system counts it and lets everyone read it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One folder a processor: `intel-rapl:0` and so on, by that name on processors of AMD too. */
const FOLDER = '/sys/class/powercap';

interface Counter {
  readonly folder: string;
  /** Microjoules at which the counter begins again. */
  readonly range: number;
  last: number;
}

/** Adds up what the counters of Linux's power capping tell; some begin again within a minute. */
export class EnergyMeter {
  #microjoules = 0;
  readonly #counters: readonly Counter[];

  constructor(folder = FOLDER) {
    this.#counters = countersIn(folder);
  }

  /** Joules since the meter was made, undefined where the system tells none; to be asked at least once a minute. */
  joules(): number | undefined {
    if (this.#counters.length === 0) return undefined;
    for (const counter of this.#counters) {
      const now = numberIn(counter.folder, 'energy_uj');
      const used = now - counter.last;
      this.#microjoules += used < 0 ? used + counter.range : used;
      counter.last = now;
    }
    return this.#microjoules / 1e6;
  }
}

const numberIn = (folder: string, file: string): number => Number(readFileSync(join(folder, file), 'utf8'));

function countersIn(folder: string): Counter[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^intel-rapl:\d+$/.test(name))
      .map((name) => join(folder, name))
      .map((one) => ({
        folder: one,
        range: numberIn(one, 'max_energy_range_uj'),
        last: numberIn(one, 'energy_uj'),
      }));
  } catch {
    // There are no counters, or only the system's administrator may read them.
    return [];
  }
}
