/** If these failed, one client could hold up all others, take all memory, or make the server answer with nonsense. */
import { describe, expect, test } from 'vitest';
import { blankPng, hostileRequests } from './load/hostile.mjs';
import { ask, imageOf, post, serve, type TestServer } from './serving.js';

const PIXELS = Array.from({ length: 784 }, (_, i) => `pixel${i}`).join(',');

describe('the worst requests of each kind', () => {
  const worst = hostileRequests(4 * 2 ** 20).map(({ make, ...request }) => ({ ...request, body: make() }));

  test('each gets its answer, and the next good one gets its own', async () => {
    const { url } = await serve({ timeout: 60 });
    for (const { name, type, statuses, body } of worst) {
      const answer = await post(url, type, body);
      expect(statuses, name).toContain(answer.status);
      const text = await answer.text();
      if (answer.status !== 200) expect(JSON.parse(text), name).toEqual({ error: expect.stringMatching(/^.{1,200}$/) });
      expect(await ask(url, 2), `after ${name}`).toMatchObject({ status: 200, label: '2' });
    }
  });

  test('all at once: each gets its answer or a 503, and the good ones between get theirs', async () => {
    const { url } = await serve({ timeout: 60 });
    const bad = worst.map(async ({ name, type, statuses, body }) => {
      const answer = await post(url, type, body);
      await answer.arrayBuffer();
      if (answer.status === 503) expect(answer.headers.get('retry-after')).toBe('1');
      expect([...statuses, 503], name).toContain(answer.status);
    });
    for (let i = 0; i < 50; i++) expect(await ask(url, i % 3)).toMatchObject({ status: 200, label: String(i % 3) });
    await Promise.all(bad);
  });
});

test('thousands of images in a request are answered in their order, and one image does not wait for them', async () => {
  const { url, server } = await serve();
  const labels = Array.from({ length: 4096 }, (_, i) => (i * 7) % 3);
  const many = post(url, 'application/json', JSON.stringify(labels.map(imageOf)));
  while (server.batcher.batches === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(await ask(url, 1)).toMatchObject({ status: 200, label: '1' });
  const { predictions } = (await (await many).json()) as { predictions: { label: string }[] };
  expect(predictions.map(({ label }) => Number(label))).toEqual(labels);
});

test('bodies that come in crumbs are read, and take no more memory than others', async () => {
  const { url } = await serve();
  const text = JSON.stringify([imageOf(2)]);
  const crumbs = new ReadableStream({
    start: (controller) => {
      for (const byte of Buffer.from(text)) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: crumbs, duplex: 'half' };
  const answer = await fetch(`${url}/predict`, init as RequestInit);
  expect(((await answer.json()) as { predictions: { label: string }[] }).predictions[0]?.label).toBe('2');
});

describe('too much at once gets a 503 and when to ask again', () => {
  /** A server whose model does not answer yet. */
  async function waiting(maxBody?: number): Promise<TestServer> {
    return await serve(
      { ...(maxBody ? { maxBody } : {}), closingTime: 0.1 },
      {
        batch: 32,
        predict: () => new Promise(() => undefined),
      },
    );
  }
  const refused = async (answer: Response): Promise<void> => {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/^too many (images|long requests) wait/) });
  };

  test('images of long requests take half of the room, the others are for short ones', async () => {
    const { url, server } = await waiting();
    const long = JSON.stringify(Array.from({ length: 4096 }, () => imageOf(0)));
    const taken = [post(url, 'application/json', long), post(url, 'application/json', long)];
    while (server.batcher.waiting < 4096 * 2 - 32) await new Promise((resolve) => setTimeout(resolve, 5));
    await refused(await post(url, 'application/json', long));
    const short = ask(url, 0);
    while (server.batcher.waiting < 4096 * 2 - 31) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
    expect((await short).status).toBe(503);
    for (const answer of await Promise.all(taken)) expect(answer.status).toBe(503);
  });

  test('bytes of long bodies whose requests are not answered', async () => {
    const { url, server } = await waiting(100_000);
    const long = JSON.stringify(Array.from({ length: 60 }, () => imageOf(0)));
    const taken = Array.from({ length: 16 }, () => post(url, 'application/json', long));
    while (server.batcher.waiting < 16 * 60 - 32) await new Promise((resolve) => setTimeout(resolve, 5));
    await refused(await post(url, 'application/json', long));
    await server.close();
    for (const answer of await Promise.all(taken)) expect(answer.status).toBe(503);
  });
});

test('CSV is answered with cells that hold what they should', async () => {
  const { url } = await serve({ nameOf: (label) => ['zero, none', 'a "one"', 'two\nlines'][label] as string });
  const rows = ['"a,1"', 'b', 'c'].map((id, i) => `${id},${imageOf(i)}\n`).join('');
  const text = await (await post(url, 'text/csv', `id,${PIXELS}\n${rows}`)).text();
  expect(text).toBe(
    'id,label,p0,p1,p2\n' +
      '"a,1","zero, none",1.000000,0.000000,0.000000\n' +
      'b,"a ""one""",0.000000,1.000000,0.000000\n' +
      'c,"two\nlines",0.000000,0.000000,1.000000\n',
  );
});

test('a picture of many pixels is decoded, and one of too many refused by its header', async () => {
  const { url } = await serve();
  expect((await post(url, 'image/png', blankPng(1024, 1024))).status).toBe(200);
  const answer = await post(url, 'image/jpeg', blankPng(5000, 5000));
  expect([answer.status, await answer.json()]).toEqual([
    413,
    { error: 'a picture may have 16777216 pixels, and this has 25000000' },
  ]);
});

test('a model that fails is named, where its error is one for people', async () => {
  const { url, said } = await serve({}, { batch: 32, predict: () => Promise.reject(new TypeError('x is undefined')) });
  const answer = await post(url, 'application/json', JSON.stringify([imageOf(0)]));
  expect([answer.status, await answer.json()]).toEqual([500, { error: 'the prediction failed' }]);
  expect(said.join()).toContain('x is undefined');
});
