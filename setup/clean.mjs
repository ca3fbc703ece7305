/** Empties the `dist` of the package that is built: what earlier sources left there would be published with it. */
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
