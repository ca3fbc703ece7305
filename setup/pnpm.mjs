/**
 * pnpm as package.json names it, with the hash of its tarball. A registry may be any that npm is configured for, or
 * whoever answers in its place: what comes is used only if it has that hash.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cache, root } from './folders.mjs';
import { fail, say } from './messages.mjs';
import { tool } from './tool.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [, name, sha512] = /^(pnpm@[\d.]+)\+sha512\.([0-9a-f]{128})$/.exec(packageManager) ?? [];
if (!sha512) fail(`package.json: expected "packageManager": "pnpm@VERSION+sha512.HEX", found "${packageManager}"`);

const PREFIX = 'pnpm-';
const folder = join(cache, `${PREFIX}${sha512.slice(0, 16)}`);

/** The folder that the command `pnpm` lies in. */
export const pnpmCommands = join(folder, 'bin');

/** Installs pnpm, unless it is there. The folder appears when it is whole; no two set-ups do this at once. */
export async function installPnpm(environment) {
  if (existsSync(folder)) return;
  say(`Setting up: ${name}`);
  // What earlier ones have left, killed ones too.
  for (const old of readdirSync(cache).filter((entry) => entry.startsWith(PREFIX)))
    rmSync(join(cache, old), { recursive: true, force: true });
  const draft = `${folder}-draft`;
  mkdirSync(join(draft, 'bin'), { recursive: true });
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', draft, name];
  await tool('fetching pnpm', 'npm', pack, environment);
  const archive = readdirSync(draft).find((file) => file.endsWith('.tgz'));
  const found = createHash('sha512')
    .update(readFileSync(join(draft, archive)))
    .digest('hex');
  if (found !== sha512) {
    rmSync(draft, { recursive: true });
    fail(
      `the registry's ${name} is not the one that package.json names: expected SHA-512 ${sha512.slice(0, 16)}…, ` +
        `found ${found.slice(0, 16)}…; it has been deleted. Does "npm config get registry" name the one you mean?`,
    );
  }
  await tool('unpacking pnpm', 'tar', ['-xzf', join(draft, archive), '-C', draft], environment);
  rmSync(join(draft, archive));
  writeCommand(join(draft, 'bin'));
  renameSync(draft, folder);
}

/** The command `pnpm`, as npm would make it of the package's `bin`. */
function writeCommand(bin) {
  const program = join(bin, 'pnpm');
  writeFileSync(program, '#!/bin/sh\nexec node "$(dirname "$0")/../package/bin/pnpm.cjs" "$@"\n');
  chmodSync(program, 0o755);
  writeFileSync(`${program}.cmd`, '@node "%~dp0..\\package\\bin\\pnpm.cjs" %*\r\n');
}
