/** Downloads from a real server on this machine, which does all that servers on the network do. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../source/limits.js';
import { tarOf } from '../testing/archives.js';
import { download } from './download.js';
import { parseSources } from './sources.js';
import { unpack } from './unpack.js';

const CONTENT = randomBytes(300_000);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How often this address has been asked for before. */
  readonly before: number;
}
const ranges: (string | undefined)[] = [];
const asked = new Map<string, number>();

/** Answers as servers of files do, ranges included. */
function serve({ request, response }: Exchange, etag = '"one"', end = CONTENT.length): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const resumes = start > 0 && request.headers['if-range'] === etag;
  const from = resumes ? start : 0;
  response.writeHead(resumes ? 206 : 200, {
    etag,
    'content-length': CONTENT.length - from,
    ...(resumes ? { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` } : {}),
  });
  response.write(CONTENT.subarray(from, end), () => (end < CONTENT.length ? response.destroy() : response.end()));
}

const ANSWERS: Readonly<Record<string, (exchange: Exchange) => void>> = {
  '/good': (exchange) => serve(exchange),
  '/moved': ({ response }) => response.writeHead(302, { location: '/good' }).end(),
  '/round': ({ response }) => response.writeHead(302, { location: '/round' }).end(),
  '/unknown-length': ({ response }) => {
    response.writeHead(200); // in chunks
    response.write(CONTENT.subarray(0, 1000));
    response.end(CONTENT.subarray(1000));
  },
  '/broken-once': (exchange) => serve(exchange, '"one"', exchange.before === 0 ? 100_000 : undefined),
  '/always-broken': (exchange) => serve(exchange, '"one"', 100_000),
  '/changed': (exchange) =>
    serve(exchange, exchange.before === 0 ? '"old"' : '"new"', exchange.before === 0 ? 50_000 : undefined),
  '/without-ranges': ({ response, before }) => {
    response.writeHead(200, { 'content-length': CONTENT.length, etag: '"one"' });
    response.write(CONTENT.subarray(0, before === 0 ? 70_000 : undefined), () =>
      before === 0 ? response.destroy() : response.end(),
    );
  },
  '/too-short': ({ response }) => {
    response.writeHead(200, { 'content-length': CONTENT.length + 5 });
    response.write(CONTENT, () => response.destroy());
  },
  '/stalls': ({ response }) => {
    response.writeHead(200, { 'content-length': CONTENT.length, etag: '"one"' });
    response.write(CONTENT.subarray(0, 10_000));
  },
  '/silent': () => undefined,
  '/slow': ({ response }) => {
    response.writeHead(200, { 'content-length': 5 });
    [...'slowly'].slice(0, 5).forEach((letter, i) => void setTimeout(() => response.write(letter), 40 * i));
    setTimeout(() => response.end(), 250);
  },
  '/page': ({ response }) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Log in</html>'),
  '/recovers': (exchange) => (exchange.before === 0 ? exchange.response.writeHead(500).end() : serve(exchange)),
  '/401': ({ response }) => response.writeHead(401).end(),
  '/403': ({ response }) => response.writeHead(403).end(),
  '/404': ({ response }) => response.writeHead(404).end(),
  '/500': ({ response }) => response.writeHead(500).end(),
  '/secret': (exchange) =>
    exchange.request.headers.authorization === 'Basic bWU6a2V5'
      ? serve(exchange)
      : exchange.response.writeHead(403).end(),
};

const server = createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0] as string;
  const before = asked.get(path) ?? 0;
  asked.set(path, before + 1);
  ranges.push(request.headers.range);
  response.on('error', () => undefined);
  ANSWERS[path]?.({ request, response, before });
});
const folder = mkdtempSync(join(tmpdir(), 'anke download '));
let base = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  ranges.length = 0;
  asked.clear();
});

const file = (): string => join(folder, 'data.bin');
const get = (path: string, options: object = {}): Promise<void> =>
  download({ name: 'data', url: `${base}${path}` }, file(), { pause: 1, timeout: 0.4, ...options });
const nothingVisible = (): void => expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).toEqual([]);

describe('a file comes whole', () => {
  test.each(['/good', '/moved', '/unknown-length', '/broken-once', '/changed', '/without-ranges', '/recovers'])(
    '%s',
    async (path) => {
      await get(path, { sha256: SHA256.toUpperCase() });
      expect(readFileSync(file()).equals(CONTENT)).toBe(true);
      expect(readdirSync(folder)).toEqual(['data.bin']);
    },
  );

  test('however slowly, as long as it comes', async () => {
    await get('/slow');
    expect(readFileSync(file(), 'utf8')).toBe('slowl');
  });

  test('what has come is not asked for again, in this call and in a later one', async () => {
    await get('/broken-once');
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
    rmSync(file());
    asked.clear();
    ranges.length = 0;
    await expect(get('/broken-once?signature=1', { retries: 0 })).rejects.toThrow(
      'the 100,000 bytes that came are kept, and the same command resumes from there',
    );
    nothingVisible();
    const seen: number[] = [];
    await get('/broken-once?signature=2', { onProgress: (done: number) => seen.push(done) });
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
    expect(seen[0]).toBeGreaterThan(100_000);
    expect(readFileSync(file()).equals(CONTENT)).toBe(true);
  });

  test('progress tells the length, where the server does', async () => {
    const totals = new Set<number>();
    await get('/good', { onProgress: (_: number, total: number) => totals.add(total) });
    expect([...totals]).toEqual([CONTENT.length]);
  });
});

describe('what fails says why, and leaves nothing that looks whole', () => {
  test.each([
    ['/401', 'data: HTTP 401, it needs a login, or the token is wrong'],
    ['/403', 'data: HTTP 403, likely expired'],
    ['/404', 'data: HTTP 404, there is nothing at this address'],
    ['/500', 'data: HTTP 500, the server failed; try again later'],
    ['/always-broken', 'data: the connection broke off after 100,000 bytes'],
    ['/too-short', 'data: the connection broke off after 300,000 bytes'],
    ['/stalls', 'data: no data came for 0.4 s; the 10,000 bytes that came are kept'],
    ['/silent', 'data: no data came for 0.4 s'],
    ['/round', 'data: the connection broke off (redirect count exceeded)'],
    ['/page', 'data: the server sent a web page instead of data; does the address need a login?'],
  ])('%s', async (path, message) => {
    await expect(get(path, { retries: 1 })).rejects.toThrow(message);
    nothingVisible();
  });

  test('a server that is not there', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => void gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const source = { name: 'data', url: `http://127.0.0.1:${port}/x` };
    await expect(download(source, file(), { retries: 1, pause: 1 })).rejects.toThrow(
      `data: 127.0.0.1:${port} does not answer`,
    );
  });

  test('another file than was expected', async () => {
    await expect(get('/good', { sha256: '0'.repeat(64) })).rejects.toThrow(
      `data: its SHA-256 is ${SHA256}, not ${'0'.repeat(64)}; it has been deleted`,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('an interruption keeps what has come', async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    await expect(get('/stalls', { signal: stop.signal, onProgress })).rejects.toThrow(
      'data: interrupted after 10,000 bytes; the same command resumes from there',
    );
    nothingVisible();
  });
});

describe('unpacking', () => {
  const written = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const target = (): string => join(folder, 'target');

  test('an archive becomes a folder, and a single file lies in one', async () => {
    const zip = written('.a', zipSync({ 'a/b.txt': Uint8Array.of(1, 2), 'c.csv.gz': Uint8Array.of(0x1f, 0x8b, 3) }));
    expect(await unpack(zip, target(), 'x.zip', DEFAULT_LIMITS)).toEqual({ files: 2, bytes: 5 });
    expect([...readFileSync(join(target(), 'a/b.txt'))]).toEqual([1, 2]);
    expect([...readFileSync(join(target(), 'c.csv.gz'))]).toEqual([0x1f, 0x8b, 3]);
    await expect(unpack(zip, target(), 'x.zip', DEFAULT_LIMITS)).rejects.toThrow('target: it is there already');
    rmSync(target(), { recursive: true });
    await unpack(written('.b', Buffer.from('label,pixel0\n')), target(), 'train.csv', DEFAULT_LIMITS);
    expect(readFileSync(join(target(), 'train.csv'), 'utf8')).toBe('label,pixel0\n');
  });

  test('of one that is damaged or dangerous, nothing remains anywhere', async () => {
    mkdirSync(join(folder, 'inner'));
    const before = readdirSync(folder);
    for (const bytes of [
      await tarOf([
        { name: 'good.txt', content: Uint8Array.of(1) },
        { name: '../evil.txt', content: Uint8Array.of(2) },
      ]),
      (await tarOf([{ name: 'good.txt', content: new Uint8Array(5000) }])).subarray(0, 3000),
      zipSync({ 'good.txt': Uint8Array.of(1), '../evil.txt': Uint8Array.of(2) }),
    ]) {
      await expect(unpack(written('.c', bytes), join(folder, 'inner', 'target'), 'x', DEFAULT_LIMITS)).rejects.toThrow(
        /leads out of the folder|its end is missing/,
      );
      rmSync(join(folder, '.c'));
      expect(readdirSync(folder)).toEqual(before);
      expect(readdirSync(join(folder, 'inner'))).toEqual([]);
    }
  });
});

describe('sources', () => {
  test('as Kaggle’s notebooks write them, and as people do', () => {
    expect(
      parseSources('Kannada-MNIST:https%3A%2F%2Fx.org%2Fa%3Fb%3D1%252C2,other:http%3A%2F%2Fy.org%2Fc.tar.gz', {}),
    ).toEqual([
      { name: 'Kannada-MNIST', url: 'https://x.org/a?b=1%2C2' },
      { name: 'other', url: 'http://y.org/c.tar.gz' },
    ]);
    expect(parseSources('a:https://x.org/b,c.zip', {})).toEqual([{ name: 'a', url: 'https://x.org/b,c.zip' }]);
    expect(parseSources('https://x.org/some/digits.tar.gz?x=1', {})).toEqual([
      { name: 'digits', url: 'https://x.org/some/digits.tar.gz?x=1' },
    ]);
    expect(parseSources('', {})).toEqual([]);
  });

  test.each([
    ['nothing', 'nothing: expected NAME:URL with an http or https address, or kaggle:NAME'],
    ['a:ftp://x.org/b', 'expected NAME:URL with an http or https address'],
    ['a:https%3A%2F%2Fx%ZZ', 'the address is not percent-encoded as it should be'],
    ['../a:https://x.org/b', '"../a" cannot be the name of a folder'],
    ['.a:https://x.org/b', '".a" cannot be the name of a folder'],
  ])('%s', (text, message) => {
    expect(() => parseSources(text, {})).toThrow(message);
  });

  test('Kaggle’s token comes from the environment or from a file, and goes to Kaggle alone', async () => {
    const KAGGLE_API_ENDPOINT = base;
    const [source] = parseSources('kaggle:Kannada-MNIST', {
      KAGGLE_USERNAME: 'me',
      KAGGLE_KEY: 'key',
      KAGGLE_API_ENDPOINT,
    });
    expect(source).toMatchObject({
      name: 'Kannada-MNIST',
      url: `${base}/api/v1/competitions/data/download-all/Kannada-MNIST`,
      authorization: 'Basic bWU6a2V5',
    });
    expect(parseSources('kaggle:me/digits', { KAGGLE_USERNAME: 'me', KAGGLE_KEY: 'key' })[0]).toMatchObject({
      name: 'digits',
      url: 'https://www.kaggle.com/api/v1/datasets/download/me/digits',
    });
    expect(() => parseSources('kaggle:Kannada-MNIST', { KAGGLE_CONFIG_DIR: folder })).toThrow(
      /Kaggle needs a token: make one at .*kaggle\.json.*KAGGLE_USERNAME and KAGGLE_KEY/,
    );
    writeFileSync(join(folder, 'kaggle.json'), '{"username": "me"}');
    expect(() => parseSources('kaggle:Kannada-MNIST', { KAGGLE_CONFIG_DIR: folder })).toThrow(
      'expected Kaggle’s token',
    );
    writeFileSync(join(folder, 'kaggle.json'), '{"username": "me", "key": "key"}');
    const [fromFile] = parseSources('kaggle:Kannada-MNIST', { KAGGLE_CONFIG_DIR: folder });
    await download({ ...(fromFile as object), name: 'data', url: `${base}/secret` }, file());
    expect(existsSync(file())).toBe(true);
    await expect(download({ ...(source as object), name: 'data', url: `${base}/403` }, file())).rejects.toThrow(
      'HTTP 403, accept the competition’s rules at https://www.kaggle.com/c/Kannada-MNIST/rules',
    );
  });
});
