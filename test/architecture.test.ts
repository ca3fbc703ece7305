/**
 * The arrows of ARCHITECTURE.md, which say which package may import which, and the form that every file has. If these
 * failed, a package could no longer be used by itself or in a browser, or files would become hard to read.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';

const root = join(import.meta.dirname, '..');

/** What each package may import of the others. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'packages/messages': [],
  'packages/random': [],
  'packages/dawn': [],
  'packages/kernels': ['@anke/random'],
  'packages/nn': ['@anke/kernels', '@anke/messages', '@anke/random'],
  'packages/data': ['@anke/messages', '@anke/random'],
  'packages/files': ['@anke/data', '@anke/random'],
  'packages/training': ['@anke/data', '@anke/kernels', '@anke/messages', '@anke/nn', '@anke/random'],
  'packages/exchange': ['@anke/messages', '@anke/nn'],
  'packages/report': ['@anke/data', '@anke/kernels', '@anke/nn', '@anke/random', '@anke/training'],
  'apps/web': [
    '@anke/data',
    '@anke/exchange',
    '@anke/kernels',
    '@anke/nn',
    '@anke/report/evaluation',
    '@anke/report/timing',
    '@anke/training',
  ],
  'apps/cli': [
    '@anke/data',
    '@anke/dawn',
    '@anke/exchange',
    '@anke/files',
    '@anke/kernels',
    '@anke/messages',
    '@anke/nn',
    '@anke/random',
    '@anke/report',
    '@anke/training',
  ],
};
const BROWSER_SAFE = [
  'packages/messages',
  'packages/random',
  'packages/kernels',
  'packages/nn',
  'packages/data',
  'packages/training',
  'packages/exchange',
  'apps/web',
  // Of the report, what decides its content; only what draws and packs it needs Node.
  'packages/report/src/confusion.ts',
  'packages/report/src/curves.ts',
  'packages/report/src/epochs.ts',
  'packages/report/src/evaluation.ts',
  'packages/report/src/format.ts',
  'packages/report/src/html.ts',
  'packages/report/src/kernel-shares.ts',
  'packages/report/src/predictions.ts',
  'packages/report/src/timing.ts',
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

/** Files, and all that they import of their package. */
function reachedFrom(files: readonly string[]): string[] {
  const reached = new Set(files);
  for (const file of reached)
    for (const { target } of importsOf(file))
      if (target.startsWith('.')) reached.add(normalize(join(dirname(file), target.replace(/\.js$/, '.ts'))));
  return [...reached];
}

test.each(BROWSER_SAFE)('%s imports nothing from Node, and uses none of its globals', (path) => {
  const reached = reachedFrom(path.endsWith('.ts') ? [path] : sourcesOf(path));
  const wrong = reached
    .flatMap(importsOf)
    .filter(({ target }) => target.startsWith('node:') || builtinModules.includes(target) || target === 'webgpu');
  expect(wrong).toEqual([]);
  const globals = /^(?! *(\*|\/[*/])).*\b(Buffer|process)\b[.?]/m;
  expect(reached.filter((file) => globals.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

test('every package is subject to these rules', () => {
  const folders = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  expect(folders.sort()).toEqual(Object.keys(ARROWS).sort());
});

test.each(Object.keys(ARROWS))('%s has no circle of imports, of values or of types', (folder) => {
  const graph = new Map(
    sourcesOf(folder).map((file) => [
      file,
      importsOf(file)
        .filter(({ target }) => target.startsWith('.'))
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

/** Files of more than {@link MOST_LINES} lines: each is one idea that would be harder to read in parts. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'packages/data/src/csv/parser.ts':
    'one state machine: every reader of cells moves the same offset over the same bytes',
};
const MOST_COLUMNS = 120;
const MOST_LINES = 350;
const MOST_PARAMETERS = 5;

/** All code of the project: sources, tests, set-up. */
function codeIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(\.|node_modules$|dist$)/.test(entry.name) ? [] : codeIn(path);
    return /\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}

const code = new Map(
  [...['packages', 'apps', 'setup', 'test'].flatMap(codeIn), 'vitest.config.ts'].map((file) => [
    file.replaceAll('\\', '/'),
    readFileSync(join(root, file), 'utf8'),
  ]),
);

/** What is wrong in any file, as `file: what`. */
const findings = (wrongIn: (text: string, file: string) => readonly string[]): string[] =>
  [...code].flatMap(([file, text]) => wrongIn(text, file).map((what) => `${file}: ${what}`));

test('no line is longer than 120 columns, comments and templates included', () => {
  const isLong = (line: string): boolean => [...line].length > MOST_COLUMNS;
  expect(findings((text) => text.split('\n').flatMap((line, i) => (isLong(line) ? [`line ${i + 1}`] : [])))).toEqual(
    [],
  );
});

test('no file has more than 350 lines, but for those that are one idea', () => {
  const long = [...code].filter(([, text]) => text.split('\n').length - 1 > MOST_LINES).map(([file]) => file);
  expect(long.sort()).toEqual(Object.keys(LONG_FILES).sort());
});

test('every file opens with a comment that says what it is for', () => {
  expect(findings((text) => (/^(#!.*\n)?(\/\*\*|\/\/)/.test(text) ? [] : ['no header']))).toEqual([]);
});

test('no file is called after nothing in particular', () => {
  expect([...code.keys()].filter((file) => /(^|[/.-])(utils?|helpers?|common|misc)([/.-]|$)/.test(file))).toEqual([]);
});

/** A node of a syntax tree: some of its properties are nodes, or lists of them. */
type SyntaxNode = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as SyntaxNode)['type'] === 'string';

/** Every function, method and signature of one in a syntax tree, with the number of its parameters. */
function functionsIn(node: SyntaxNode): { readonly start: number; readonly parameters: number }[] {
  const { type, params, start } = node;
  const isFunction = /Function|Signature|ConstructorType/.test(type as string) && Array.isArray(params);
  return [
    ...(isFunction ? [{ start: start as number, parameters: params.length }] : []),
    ...Object.values(node).flat().filter(isNode).flatMap(functionsIn),
  ];
}

test('no function has more than five parameters', () => {
  const many = findings((text, file) => {
    const program = parseAst(text, { lang: file.endsWith('.ts') ? 'ts' : 'js' }, file);
    return functionsIn(program as unknown as SyntaxNode)
      .filter(({ parameters }) => parameters > MOST_PARAMETERS)
      .map(({ start, parameters }) => `line ${text.slice(0, start).split('\n').length}: ${parameters} parameters`);
  });
  expect(many).toEqual([]);
});
