/** The server under many clients, good ones and others. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anke, imagesOf, Server, trainModel } from './load/server.mjs';

const work = mkdtempSync(join(tmpdir(), 'anke serve '));
let server: Server;
let base = '';
/** Each image's pixels, and what `anke predict` says of it. */
let images: number[][] = [];
let expected: { label: string; shares: number[] }[] = [];
beforeAll(async () => {
  trainModel(work);
  anke(work, 'predict', '--model', 'run', '--input', 'digits/test.csv', '--output', 'p.csv', '--probabilities');
  images = imagesOf(join(work, 'digits/test.csv'));
  expected = readFileSync(join(work, 'p.csv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','))
    .map(([, label = '', ...shares]) => ({ label, shares: shares.map(Number) }));
  server = new Server(work, ['--model', 'run', '--max-body', '200000', '--timeout', '3']);
  base = await server.start();
});
afterAll(() => {
  server.process.kill('SIGKILL');
  rmSync(work, { recursive: true });
});

const post = (type: string, body: string | Uint8Array): Promise<Response> =>
  fetch(`${base}/predict`, { method: 'POST', headers: { 'content-type': type }, body: body as BodyInit });
const ask = async (i: number): Promise<{ label: string; probabilities: number[] }> => {
  const response = await post('application/json', JSON.stringify([images[i]]));
  expect(response.status).toBe(200);
  return (await response.json()).predictions[0];
};
/** Batches round a sum as other batches do, but for its last bits. */
const expectAnswer = ({ label, probabilities }: { label: string; probabilities: number[] }, i: number): void => {
  expect(label).toBe(expected[i]?.label);
  probabilities.forEach((share, k) => {
    expect(Math.abs(share - (expected[i]?.shares[k] as number))).toBeLessThan(1e-5);
  });
};

describe('answers are those of anke predict', () => {
  test('JSON, one image or many, flat or nested', async () => {
    expectAnswer(await ask(3), 3);
    const nested = images
      .slice(0, 12)
      .map((pixels) => Array.from({ length: 28 }, (_, r) => pixels.slice(28 * r, 28 * r + 28).map((pixel) => [pixel])));
    const { predictions } = await (await post('application/json', JSON.stringify({ images: nested }))).json();
    expect(predictions).toHaveLength(12);
    predictions.forEach(expectAnswer);
  });

  test('CSV and PNG', async () => {
    const csv = await (await post('text/csv; charset=utf-8', readFileSync(join(work, 'digits/test.csv')))).text();
    const [header, ...rows] = csv.trimEnd().split('\n');
    expect(header).toBe('id,label,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9');
    expect(rows.map((row) => row.split(',')[1])).toEqual(expected.map(({ label }) => label));
    const png = new PNG({ width: 28, height: 28 });
    images[5]?.forEach((value, j) => {
      png.data.set([value, value, value, 255], 4 * j);
    });
    expectAnswer((await (await post('image/png', PNG.sync.write(png))).json()).predictions[0], 5);
  });
});

test('64 clients at once, for a while, while others send nonsense: no error, and requests share batches', async () => {
  const end = Date.now() + 5000;
  let answered = 0;
  const good = Array.from({ length: 64 }, async (_, client) => {
    for (let i = client; Date.now() < end; i++) {
      expectAnswer(await ask(i % images.length), i % images.length);
      answered++;
    }
  });
  const bad = Array.from({ length: 4 }, async () => {
    while (Date.now() < end) {
      expect((await post('application/json', '[[1, 2')).status).toBe(400);
      expect((await post('text/csv', 'label,pixel0\n1,2\n')).status).toBe(400);
    }
  });
  await Promise.all([...good, ...bad]);
  const metrics = await (await fetch(`${base}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1]);
  expect(value('anke_images_total')).toBeGreaterThanOrEqual(answered);
  expect(value('anke_images_total')).toBeGreaterThan(3 * value('anke_batches_total'));
  expect(metrics).not.toContain('code="500"');
});

describe('what a client does wrong gets a 4xx and a line', () => {
  test.each([
    [
      'text/plain',
      'x',
      415,
      'the content type must be text/csv, application/json, image/png or image/jpeg, not "text/plain"',
    ],
    ['application/json', '{"pictures": 1}', 400, 'expected [image, …]'],
    ['application/json', '[[1, 2]]', 400, 'image 0: expected 784 pixels (28 × 28 × 1), found 2'],
    [
      'application/json',
      JSON.stringify([new Array(784).fill(256)]),
      400,
      'image 0, pixel 0: expected an integer in 0 … 255, found 256',
    ],
    [
      'text/csv',
      'label,pixel0\n1,2\n',
      400,
      'request, line 1: there are 1 columns of pixels, but an image of 28 × 28 × 1 has 784',
    ],
    ['image/png', 'no picture', 415, 'the body is no PNG or JPEG picture'],
    ['application/json', 'x'.repeat(200_001), 413, 'a request may have 200000 bytes'],
  ])('%s %#', async (type, body, status, message) => {
    const response = await post(type, body);
    expect(response.status).toBe(status);
    expect((await response.json()).error).toContain(message);
  });

  test('paths, methods, health', async () => {
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
    expect((await fetch(`${base}/predict`)).status).toBe(405);
    expect(await (await fetch(`${base}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  test('a body without a length that goes on too long, and a request that never ends', async () => {
    const talk = async (head: string, more: string): Promise<string> => {
      const socket = connect(Number(new URL(base).port), '127.0.0.1');
      let answer = '';
      socket.on('data', (data) => (answer += data));
      socket.on('error', () => undefined);
      socket.write(`${head}\r\n\r\n${more}`);
      await once(socket, 'close');
      return answer;
    };
    const head = 'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json';
    const chunk = `${(100_000).toString(16)}\r\n${' '.repeat(100_000)}\r\n`;
    expect(await talk(`${head}\r\ntransfer-encoding: chunked`, chunk.repeat(3))).toMatch(/^HTTP\/1\.1 413 /);
    expect(await talk(`${head}\r\ncontent-length: 50`, '[')).toMatch(
      /^HTTP\/1\.1 408 [\s\S]*"the request takes too long/,
    );
    expectAnswer(await ask(1), 1);
  });
});

test('it ends when asked, with what is under way answered', async () => {
  const last = Promise.all(Array.from({ length: 16 }, (_, i) => ask(i)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  server.process.kill('SIGTERM');
  const code = await server.ended;
  (await last).forEach(expectAnswer);
  expect(code, server.output).toBe(0);
  expect(server.output).toMatch(/Served [\d,]+ images in [\d,]+ batches/);
});
