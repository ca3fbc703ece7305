/** Downloads from a real server on this machine, which does all that servers on the network do. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { download } from './download.js';
import { parseSources } from './sources.js';

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

/** Answers as a server does that knows no ETag; the first time, the connection breaks off. */
function serveDated({ request, response, before }: Exchange, changed: Date): void {
  const resumes = request.headers['if-range'] === changed.toUTCString();
  const start = resumes ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]) : 0;
  const range = { 'content-range': `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}` };
  response.writeHead(resumes ? 206 : 200, {
    'last-modified': changed.toUTCString(),
    'content-length': CONTENT.length - start,
    ...(resumes ? range : {}),
  });
  if (before > 0) response.end(CONTENT.subarray(start));
  // Only once the client has had time to take what has been sent.
  else response.write(CONTENT.subarray(start, 60_000), () => setTimeout(() => response.destroy(), 300));
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
  '/weak': (exchange) => serve(exchange, 'W/"one"', exchange.before === 0 ? 100_000 : undefined),
  '/packed': ({ response, before }) => {
    const packed = gzipSync(CONTENT);
    response.writeHead(200, { 'content-length': packed.length, 'content-encoding': 'gzip', etag: '"one"' });
    response.write(packed.subarray(0, before === 0 ? 90_000 : undefined), () =>
      before === 0 ? response.destroy() : response.end(),
    );
  },
  '/dated': (exchange) => serveDated(exchange, new Date(2020, 1, 1)),
  '/dated-just-now': (exchange) => serveDated(exchange, new Date()),
  '/other-rest': (exchange) => {
    if (exchange.before !== 1) return serve(exchange, '"one"', exchange.before === 0 ? 100_000 : undefined);
    const start = Number(/\d+/.exec(exchange.request.headers.range ?? '')?.[0]);
    const length = CONTENT.length + 7;
    exchange.response.writeHead(206, { etag: '"one"', 'content-range': `bytes ${start}-${length - 1}/${length}` });
    return exchange.response.end(CONTENT.subarray(start - 7));
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

  // The server breaks off by itself, however busy this machine is.
  const patient = { sha256: SHA256, timeout: 30 };

  test.each([
    ['a weak ETag, which other bytes may have too', '/weak'],
    ['what is packed for the way', '/packed'],
    ['a file that has changed just now', '/dated-just-now'],
  ])('%s is not resumed: two files could be mixed', async (_, path) => {
    await get(path, patient);
    expect(ranges).toEqual([undefined, undefined]);
  });

  test('a rest that belongs to a file of another length is not taken', async () => {
    await get('/other-rest', patient);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/), undefined]);
  });

  test('a file with an old date and a length is resumed', async () => {
    await get('/dated', patient);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
  });

  test('of two that download to one path at once, one is refused in words', async () => {
    const first = get('/stalls', { timeout: 10, retries: 0 });
    await expect(get('/good')).rejects.toThrow(`data is in use by process ${process.pid}`);
    await expect(first).rejects.toThrow('no data came');
    await get('/good', { sha256: SHA256 });
  });

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
    expect(parseSources('a:https://x.org/b,c:d,e.zip?x=1,y:2,f:https://y.org/g', {})).toEqual([
      { name: 'a', url: 'https://x.org/b,c:d,e.zip?x=1,y:2' },
      { name: 'f', url: 'https://y.org/g' },
    ]);
    expect(parseSources('Https://x.org/d.zip,a:HTTP%3A%2F%2Fx.org%2Fb', {})).toEqual([
      { name: 'd', url: 'https://x.org/d.zip' },
      { name: 'a', url: 'http://x.org/b' },
    ]);
    expect(parseSources('', {})).toEqual([]);
  });

  test.each([
    ['nothing', 'nothing: expected NAME:URL with an http or https address, or kaggle:NAME'],
    ['a:ftp://x.org/b', 'expected NAME:URL with an http or https address'],
    ['a:https%3A%2F%2Fx%ZZ', 'the address is not percent-encoded as it should be'],
    ['a:https://x.org/\u001b[2Jb', 'a:https://x.org/\ufffd[2Jb: it has control characters in it'],
    ['a:https%3A%2F%2Fx.org%2F%1B', 'expected NAME:URL with an http or https address'],
    ['../a:https://x.org/b', '"../a" is no name for a folder'],
    ['.a:https://x.org/b', '".a" is no name for a folder'],
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
