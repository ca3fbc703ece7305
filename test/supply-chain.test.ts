/**
 * Where the project's dependencies come from and what is known of them. If these failed, something could be installed
 * that nobody has pinned, or a grave fault or an unsuitable licence go unnoticed.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '..');
const setUp = async (name: string) => await import(pathToFileURL(join(root, 'setup', name)).href);
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

describe('what is installed', () => {
  const lockfiles = tracked.filter((file) => file.endsWith('pnpm-lock.yaml'));

  test('every project has a lockfile, but those of the workspace', () => {
    expect(lockfiles.length).toBeGreaterThanOrEqual(4);
  });

  test.each(lockfiles)('%s has a hash for each package, and no address', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const resolutions = text.split('\n').filter((line) => line.trim().startsWith('resolution:'));
    expect(resolutions.length).toBeGreaterThan(10);
    const odd = resolutions.filter((line) => !/^ {4}resolution: \{integrity: sha512-[A-Za-z0-9+/]{86}==\}$/.test(line));
    expect(odd).toEqual([]);
  });

  test('test/readers/requirements.txt has a hash for each package', () => {
    const lines = readFileSync(join(root, 'test/readers/requirements.txt'), 'utf8').trim().split('\n');
    const packages = lines.filter((line) => !line.startsWith('#'));
    expect(packages.length).toBeGreaterThan(5);
    expect(packages.filter((line) => !/^[\w-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}$/.test(line))).toEqual([]);
  });
});

describe('licences', () => {
  const listed = { MIT: [{ name: 'b', versions: ['1.0.0', '2.0.0'] }], ISC: [{ name: 'a', versions: ['3.0.0'] }] };

  test('are listed by package', async () => {
    const { licencesDocument } = await setUp('licences.mjs');
    expect(licencesDocument(listed)).toContain('| a | 3.0.0 | ISC |\n| b | 1.0.0, 2.0.0 | MIT |\n');
  });

  test.each(['GPL-3.0', 'Unknown', 'SEE LICENSE IN LICENSE.txt'])('%s is not allowed', async (licence) => {
    const { licencesDocument } = await setUp('licences.mjs');
    const more = { ...listed, [licence]: [{ name: 'c', versions: ['1.0.0'] }] };
    expect(() => licencesDocument(more)).toThrow(`does not allow: c (${licence})`);
  });
});

describe('the audit', () => {
  afterEach(() => vi.restoreAllMocks());

  /** What the audit says of a registry's answer, and whether it ends the tests. */
  async function auditOf(answer: object | undefined): Promise<{ readonly said: string; readonly hasFailed: boolean }> {
    const server = createServer((_, response) => {
      if (answer) response.end(JSON.stringify(answer));
      else response.writeHead(405).end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    let said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const pnpm = readdirSync(join(root, '.cache')).filter((name) => /^pnpm-[0-9a-f]{16}$/.test(name));
    const commands = pnpm.map((name) => join(root, '.cache', name, 'bin'));
    try {
      const { audit } = await setUp('audit.mjs');
      const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const PATH = [...commands, process.env['PATH']].join(delimiter);
      await audit({ ...process.env, PATH, npm_config_registry: registry });
      return { said, hasFailed: exit.mock.calls.length > 0 };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const fault = (severity: string) => ({
    actions: [],
    muted: [],
    advisories: {
      7: {
        findings: [{ version: '1.1.1', paths: ['apps__cli>picocolors'] }],
        severity,
        module_name: 'picocolors',
        vulnerable_versions: '<2',
        patched_versions: '>=2',
        title: 'Colours run',
        url: 'https://example.org/7',
        id: 7,
      },
    },
    metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, [severity]: 1 } },
  });

  test('says that it is skipped where the registry has no answer', async () => {
    const { said, hasFailed } = await auditOf(undefined);
    expect(said).toBe(
      'Skipped: the audit, as the registry does not tell known faults of packages (ERR_PNPM_AUDIT_BAD_RESPONSE)\n',
    );
    expect(hasFailed).toBe(false);
  });

  test('tells a fault that is not grave', async () => {
    expect(await auditOf(fault('moderate'))).toEqual({
      said: 'audit: moderate: picocolors <2: Colours run (https://example.org/7)\n',
      hasFailed: false,
    });
  });

  test('fails on a grave one', async () => {
    const { said, hasFailed } = await auditOf(fault('high'));
    expect(said).toContain('1 of 1 known faults in dependencies are grave; update these packages');
    expect(hasFailed).toBe(true);
  });
});
