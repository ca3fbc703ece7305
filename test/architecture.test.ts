/** The arrows of ARCHITECTURE.md: who may import whom. A wrong arrow or a circle fails here, by name. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What each package may import of the others. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'packages/random': [],
  'packages/dawn': [],
  'packages/kernels': ['@anke/random'],
  'packages/nn': ['@anke/kernels', '@anke/random'],
  'packages/data': ['@anke/random'],
  'packages/files': ['@anke/data', '@anke/random'],
  'packages/training': ['@anke/data', '@anke/kernels', '@anke/nn', '@anke/random'],
  'packages/exchange': ['@anke/nn'],
  'packages/report': ['@anke/data', '@anke/kernels', '@anke/nn', '@anke/random', '@anke/training'],
  'apps/cli': [
    '@anke/data',
    '@anke/dawn',
    '@anke/exchange',
    '@anke/files',
    '@anke/kernels',
    '@anke/nn',
    '@anke/random',
    '@anke/report',
    '@anke/training',
  ],
};
const BROWSER_SAFE = [
  'packages/random',
  'packages/kernels',
  'packages/nn',
  'packages/data',
  'packages/training',
  'packages/exchange',
  // Of the report, what says what is to be seen; only what draws and packs it is Node's.
  'packages/report/src/charts.ts',
  'packages/report/src/curves.ts',
  'packages/report/src/epochs.ts',
  'packages/report/src/evaluation.ts',
  'packages/report/src/format.ts',
  'packages/report/src/kernel-shares.ts',
  'packages/report/src/predictions.ts',
];

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('testing'))
    .map((file) => join(folder, 'src', file));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g;
  return Array.from(text.matchAll(pattern), (match) => ({
    file,
    target: match[1] ?? match[2] ?? (match[3] as string),
  }));
}

test.each(Object.keys(ARROWS))('%s imports only along the arrows', (folder) => {
  const allowed = ARROWS[folder] as readonly string[];
  const wrong = sourcesOf(folder)
    .flatMap(importsOf)
    .filter(({ file, target }) => {
      if (target.startsWith('@anke/')) return !allowed.includes(target);
      return target.startsWith('.') && !join(dirname(file), target).startsWith(join(folder, 'src'));
    });
  expect(wrong).toEqual([]);
});

test.each(BROWSER_SAFE)('%s imports nothing from Node', (path) => {
  const wrong = (path.endsWith('.ts') ? [path] : sourcesOf(path))
    .flatMap(importsOf)
    .filter(({ target }) => target.startsWith('node:') || builtinModules.includes(target) || target === 'webgpu');
  expect(wrong).toEqual([]);
});

test('every package is under these rules', () => {
  const folders = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  expect(folders.sort()).toEqual(Object.keys(ARROWS).sort());
});

test.each(Object.keys(ARROWS))('%s has no circle of imports', (folder) => {
  const graph = new Map(
    sourcesOf(folder).map((file) => [
      file,
      // A type is gone when the code runs: only imports of values can make a circle that matters.
      importsOf(file)
        .filter(({ target }) => target.startsWith('.'))
        .filter(({ target }) => !isTypeOnly(file, target))
        .map(({ target }) => normalize(join(dirname(file), target.replace(/\.js$/, '.ts')))),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  expect([...graph.keys()].map((file) => visit(file, [])).find(Boolean)).toBeUndefined();
});

function isTypeOnly(file: string, target: string): boolean {
  const text = readFileSync(join(root, file), 'utf8');
  const escaped = target.replaceAll('.', '\\.');
  const statements = text.match(new RegExp(`(?:import|export)\\s[^;]*?from\\s+'${escaped}'`, 'g')) ?? [];
  return statements.every((statement) => /^(import|export)\s+type\s/.test(statement));
}
