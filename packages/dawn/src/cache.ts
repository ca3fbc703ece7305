/** Finds a folder that can be written, for drivers and other files that should survive the run. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder of this name that survives the run: below `ANKE_CACHE` or the user's cache folder, or, where neither can be
 * written (a read-only home), below the system's temporary folder. It exists when this returns.
 *
 * @throws if none of them can be written
 */
export function cacheFolder(name: string): string {
  const { ANKE_CACHE, XDG_CACHE_HOME } = process.env;
  const user = process.getuid?.() ?? 'user';
  const candidates = [
    ...(ANKE_CACHE ? [ANKE_CACHE] : []),
    XDG_CACHE_HOME ? join(XDG_CACHE_HOME, 'anke') : join(homedir(), '.cache', 'anke'),
    join(tmpdir(), `anke-${user}`),
  ];
  const reasons: string[] = [];
  for (const candidate of candidates) {
    const folder = join(candidate, name);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.W_OK);
      // Libraries are loaded from here: what another user has put into a shared folder is not to be trusted.
      if (process.getuid && statSync(folder).uid !== process.getuid())
        throw new Error(`${folder} belongs to another user`);
      return folder;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`no cache folder can be written (${reasons.join('; ')}); set ANKE_CACHE to a folder that can`);
}
