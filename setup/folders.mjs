/** The clone that is set up, the folder in it that set-up keeps its own things in, and what is built. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, '.cache');
/** The command line, once it is built. */
export const ankeProgram = join(root, 'apps', 'cli', 'dist', 'main.js');
