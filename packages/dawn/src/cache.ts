/** Finds a folder that can be written, for drivers and other files that should survive the run. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DriverError } from './errors.js';
import { whyUnsafe } from './ownership.js';

/**
 * A folder of this name that survives the run: below `ANKE_CACHE` or the user's cache folder, or, where neither can be
 * written (a read-only home), below the system's temporary folder. It exists when this returns, and nobody but this
 * user and root can write to it or to a folder above it.
 *
 * @throws DriverError if there is none, or others can write to the one that `ANKE_CACHE` names
 */
export function cacheFolder(name: string): string {
  const { ANKE_CACHE, XDG_CACHE_HOME } = process.env;
  const user = process.getuid?.() ?? 'user';
  const candidates = [
    ...(ANKE_CACHE ? [resolve(ANKE_CACHE)] : []),
    XDG_CACHE_HOME ? resolve(XDG_CACHE_HOME, 'anke') : join(homedir(), '.cache', 'anke'),
    join(tmpdir(), `anke-${user}`),
  ];
  const reasons: string[] = [];
  for (const [i, candidate] of candidates.entries()) {
    const folder = join(candidate, name);
    try {
      // First what is there, as nothing should be made in a folder of another; then what has been made.
      let unsafe = whyUnsafe(folder, candidate);
      if (unsafe === undefined) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        accessSync(folder, constants.W_OK);
        unsafe = whyUnsafe(folder, candidate);
      }
      if (unsafe === undefined) return folder;
      if (ANKE_CACHE && i === 0) throw new DriverError(`ANKE_CACHE=${ANKE_CACHE} is not used: ${unsafe}`);
      reasons.push(unsafe);
    } catch (error) {
      if (error instanceof DriverError) throw error;
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new DriverError(`no cache folder can be used (${reasons.join('; ')}); set ANKE_CACHE to a folder that can`);
}
