/**
 * Set-up in a clone of its own, from a registry on this machine: what it fetches is changed on the way, it is killed,
 * and it is told to end. If these failed, another pnpm than the pinned one could run, or a clone never start again.
 *
 * More kills: `ANKE_SETUP_KILLS=50 pnpm exec vitest run test/set-up.test.ts -t killed`
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'anke-set-up-'));
const clone = join(work, 'clone');
const KILLS = Number(process.env['ANKE_SETUP_KILLS'] ?? 3);
const LIMIT = 60_000 * (5 + KILLS);

const versionOf = (folder: string): string => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
const pnpmFolder = join(
  root,
  '.cache',
  readdirSync(join(root, '.cache')).find((name) => /^pnpm-[0-9a-f]{16}$/.test(name)) ?? 'no pnpm',
  'package',
);
const PNPM = versionOf(pnpmFolder);

/** The tarballs that the registry answers with: pnpm, and one dependency. */
const tarballs = new Map<string, Buffer>();
/** While true, a tarball is begun and never ended. */
let isStalled = false;

const server = createServer((request, response) => {
  const [name = '', file] = (request.url ?? '').slice(1).split('/-/');
  const tarball = tarballs.get(name);
  const url = `http://${request.headers.host}/${name}/-/${name}-${name === 'pnpm' ? PNPM : '1.0.0'}.tgz`;
  const version = name === 'pnpm' ? PNPM : '1.0.0';
  if (!tarball) response.writeHead(404).end('{}');
  else if (file === undefined) {
    const versions = { [version]: { name, version, dist: { tarball: url, integrity: integrityOf(tarball) } } };
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
  } else if (isStalled) response.write(tarball.subarray(0, 1000));
  else response.end(tarball);
});

const sha512 = (bytes: Buffer, form: 'hex' | 'base64'): string => createHash('sha512').update(bytes).digest(form);
const integrityOf = (tarball: Buffer): string => `sha512-${sha512(tarball, 'base64')}`;

function pack(name: string, folder: string): Buffer {
  execFileSync('tar', ['-czf', join(work, `${name}.tgz`), '-C', folder, 'package']);
  return readFileSync(join(work, `${name}.tgz`));
}

/** Writes a file of the clone, and the folders that it lies in. */
function write(path: string, content: string | object): void {
  mkdirSync(join(clone, path, '..'), { recursive: true });
  writeFileSync(join(clone, path), typeof content === 'string' ? content : JSON.stringify(content));
}

/** A clone of a small project, with the set-up under test; turbo is a script that takes a moment. */
function makeClone(): void {
  const pnpm = pack('pnpm', join(pnpmFolder, '..'));
  tarballs.set('pnpm', pnpm);
  mkdirSync(join(work, 'one/package'), { recursive: true });
  writeFileSync(join(work, 'one/package/package.json'), '{"name": "one", "version": "1.0.0"}');
  writeFileSync(join(work, 'one/package/index.js'), 'module.exports = "one is there";');
  tarballs.set('one', pack('one', join(work, 'one')));
  cpSync(join(root, 'setup'), join(clone, 'setup'), { recursive: true, filter: (path) => !path.includes('reference') });
  write('package.json', {
    name: 'clone',
    private: true,
    packageManager: `pnpm@${PNPM}+sha512.${sha512(pnpm, 'hex')}`,
    dependencies: { one: '1.0.0' },
  });
  write('pnpm-workspace.yaml', 'packages: [apps/*, test]\n');
  const resolution = `{ integrity: ${integrityOf(tarballs.get('one') as Buffer)} }`;
  const importers = '.: { dependencies: { one: { specifier: 1.0.0, version: 1.0.0 } } }, apps/cli: {}, test: {}';
  write(
    'pnpm-lock.yaml',
    `lockfileVersion: '9.0'
importers: { ${importers} }
packages: { one@1.0.0: { resolution: ${resolution} } }
snapshots: { one@1.0.0: {} }
`,
  );
  write('tsconfig.base.json', {});
  write('test/package.json', { name: 'test', private: true });
  write('apps/cli/package.json', { name: 'cli', private: true });
  write('apps/cli/dist/main.js', 'console.log(require("../../../node_modules/one"));');
  mkdirSync(join(clone, 'packages'));
  mkdirSync(join(work, 'bin'));
  writeFileSync(join(work, 'bin/turbo'), '#!/bin/sh\nsleep 0.2\n', { mode: 0o755 });
}

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** Starts set-up in the clone as a user would, with caches of its own. */
function start() {
  const { port } = server.address() as AddressInfo;
  const begin = performance.now();
  const child = spawn(process.execPath, ['setup/anke.mjs'], {
    cwd: clone,
    env: {
      PATH: `${join(work, 'bin')}:${process.env['PATH']}`,
      HOME: join(work, 'home'),
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_fetch_retries: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const ended = new Promise<Result>((resolve) => {
    child.on('exit', (code) => resolve({ code, stdout, stderr, milliseconds: performance.now() - begin }));
  });
  return { child, ended };
}

/** Deletes all that set-up has made. */
function clean(): void {
  for (const made of [join(clone, '.cache'), join(clone, 'node_modules'), join(work, 'home')])
    rmSync(made, { recursive: true, force: true, maxRetries: 10 });
  mkdirSync(join(work, 'home'));
}

describe.skipIf(process.platform === 'win32')('set-up', () => {
  beforeAll(async () => {
    makeClone();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(work, { recursive: true, force: true, maxRetries: 10 });
  });
  beforeEach(clean);

  test(
    'that is killed at any moment goes on the next time, also beside the tool that was left behind',
    async () => {
      const whole = await start().ended;
      expect(whole).toMatchObject({ code: 0, stdout: 'one is there\n' });
      for (let i = 0; i < KILLS; i++) {
        clean();
        const { child, ended } = start();
        await wait((whole.milliseconds * (i + 0.5)) / KILLS);
        child.kill('SIGKILL');
        await ended;
        expect(await start().ended).toMatchObject({ code: 0, stdout: 'one is there\n' });
      }
    },
    LIMIT,
  );

  test(
    'refuses another pnpm than the pinned one, though its registry vouches for it',
    async () => {
      const good = tarballs.get('pnpm') as Buffer;
      tarballs.set('pnpm', tarballs.get('one') as Buffer);
      const { code, stderr } = await start().ended;
      tarballs.set('pnpm', good);
      expect(code).toBe(1);
      expect(stderr).toContain(`the registry's pnpm@${PNPM} is not the one that package.json names: expected SHA-512`);
      expect(existsSync(join(clone, 'node_modules'))).toBe(false);
      expect(readdirSync(join(clone, '.cache')).filter((name) => name.startsWith('pnpm'))).toEqual([]);
    },
    LIMIT,
  );

  test(
    'refuses another dependency than the lockfile has',
    async () => {
      const good = tarballs.get('one') as Buffer;
      tarballs.set('one', Buffer.concat([good, Buffer.from('changed')]));
      const { code, stderr } = await start().ended;
      tarballs.set('one', good);
      expect(code).toBe(1);
      expect(stderr).toMatch(/integrity/i);
    },
    LIMIT,
  );

  test(
    'that is told to end ends its tools too',
    async () => {
      isStalled = true;
      const { child, ended } = start();
      const held = (): string[] =>
        existsSync(join(clone, '.cache/lock')) ? readdirSync(join(clone, '.cache/lock')) : [];
      await vi.waitFor(() => expect(held().length).toBe(2), { timeout: LIMIT, interval: 50 });
      const pids = held().map((name) => Number(name.split('-')[0]));
      child.kill('SIGTERM');
      expect((await ended).code).toBe(130);
      isStalled = false;
      for (const pid of pids)
        await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: LIMIT });
    },
    LIMIT,
  );
});
