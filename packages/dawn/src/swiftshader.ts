/**
 * Google's SwiftShader, as the npm package @sparticuz/chromium ships it: the last resort, for machines where no package
 * archive can be used. It computes several times slower than lavapipe.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { run } from './command.js';
import { describeDriver } from './driver.js';
import type { Installer } from './install.js';

const PACKAGE = '@sparticuz/chromium@137.0.1';
/** The tarball's, as the npm registry states it; whichever registry is asked, no other is used. */
const INTEGRITY = 'sha512-9ixW23xjzIgSwBPLhWFOnrJNsnEw4dQWZqGzBCFGwGVuBPkNiJHO5VAGKezXj81J0wMYwP04tLlJFjsN5z4ROw==';

/** Throws if this is not Linux on x86-64, or the npm registry cannot be reached or answers with another tarball. */
export const swiftShader: Installer = { title: 'SwiftShader', space: 250e6, fetch };

async function fetch(folder: string, say: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('it is built for Linux on x86-64 only');
  const work = join(folder, 'work');
  const root = join(folder, 'root');
  mkdirSync(work);
  mkdirSync(root);
  say(`downloading ${PACKAGE} (60 MB)`);
  const pack = ['pack', '--silent', '--ignore-scripts', '--cache', join(work, 'npm'), PACKAGE];
  await run('npm', pack, { folder: work, fills: work });
  const archive = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (!archive) throw new Error('npm packed nothing');
  checkIntegrity(join(work, archive));
  await run('tar', ['-xzf', archive, 'package/bin/swiftshader.tar.br'], { folder: work, fills: work });
  writeFileSync(
    join(work, 'swiftshader.tar'),
    brotliDecompressSync(readFileSync(join(work, 'package/bin/swiftshader.tar.br'))),
  );
  await run('tar', ['-xf', join(work, 'swiftshader.tar'), '--no-same-owner', '-C', root], { fills: work });
  rmSync(work, { recursive: true });
  describeDriver(folder, 'SwiftShader', 'libvk_swiftshader.so', '1.1.0');
}

function checkIntegrity(archive: string): void {
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== INTEGRITY)
    throw new Error(
      `the registry's ${PACKAGE} is not the one that is known: expected ${INTEGRITY}, found ${found}; it is not used`,
    );
}
