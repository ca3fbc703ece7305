/**
 * The licences of all that Anke brings along when it is installed, as docs/licences.md lists them. A package under a
 * licence that is not known to be compatible with the project's own fails the check.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.mjs';
import { fail, say } from './messages.mjs';
import { tool } from './tool.mjs';

const FILE = join(root, 'docs', 'licences.md');

/** Licences that ask for no more than that they are named, or, at the end, that changes to the library stay open. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'OFL-1.1',
  'Unlicense',
  'LGPL-3.0-or-later',
  'MPL-2.0',
];

/** Packages whose manifest names no licence by its usual name: what the text in them says. */
const READ_BY_HAND = {
  'dejavu-fonts-ttf': 'Bitstream Vera',
  h5wasm: 'NIST: free use, with its notice',
};

/** The document, of what pnpm lists: an object of lists of packages by their licence. */
export function licencesDocument(listed) {
  const rows = Object.entries(listed)
    .flatMap(([licence, packages]) =>
      packages.map(({ name, versions }) => [name, versions.join(', '), READ_BY_HAND[name] ?? licence]),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const wrong = rows.filter(([name, , licence]) => !ALLOWED.includes(licence) && !(name in READ_BY_HAND));
  if (wrong.length > 0) {
    const names = wrong.map(([name, , licence]) => `${name} (${licence})`).join(', ');
    throw new Error(`a licence that setup/licences.mjs does not allow: ${names}`);
  }
  const lines = [['package', 'version', 'licence'], ['---', '---', '---'], ...rows].map(
    (row) => `| ${row.join(' | ')} |`,
  );
  return `# Licences

What Anke's packages need when they run, on Linux on x86-64, with the licence that each names. \`pnpm licences\` writes
this, and the tests fail where it is out of date. The two LGPL and MPL libraries, libvips and resvg, are separate files
that Anke loads as they are.

${lines.join('\n')}
`;
}

async function list(environment) {
  const listed = await tool('listing licences', 'pnpm', ['licenses', 'list', '--json', '--prod'], environment);
  try {
    return licencesDocument(JSON.parse(listed));
  } catch (error) {
    return fail(error.message);
  }
}

export async function writeLicences(environment) {
  writeFileSync(FILE, await list(environment));
}

/** Whether the document is what it would be now. Elsewhere than where it is written, other binaries are installed. */
export async function checkLicences(environment) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return say('Skipped: docs/licences.md is checked on Linux on x86-64 alone');
  if ((await list(environment)) !== readFileSync(FILE, 'utf8')) fail('docs/licences.md is stale: pnpm licences');
}
