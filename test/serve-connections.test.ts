/** If these failed, connections that say nothing would stay for ever, or a server that is asked to end would not. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as send } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ask, firstPixel, imageOf, post, serve, talk } from './serving.js';

const HEAD = 'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('connections that do not get on', () => {
  test.each([
    ['one that says nothing', '', /^($|HTTP\/1\.1 408 )/],
    [
      'half of a head',
      'POST /predict HT',
      /^HTTP\/1\.1 408 [\s\S]*\{"error":"the request takes too long to arrive"\}\n$/,
    ],
    ['half of a body', `${HEAD}content-length: 50\r\n\r\n[`, /^HTTP\/1\.1 408 /],
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*\{"error":"this is no HTTP request"\}\n$/],
    [
      'a head that is too long',
      `${HEAD}x: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 [\s\S]*"the headers are too long"/,
    ],
  ])('%s', async (_, text, answer) => {
    const { port } = await serve({ timeout: 0.5 });
    expect(await talk(port, text)).toMatch(answer);
  });
});

describe('asked to end', () => {
  test('under load, all that has arrived is answered, and new connections are refused', async () => {
    const slow = { batch: 32, predict: async (images: never) => pause(20).then(() => firstPixel.predict(images)) };
    const { server, port, url } = await serve({}, slow);
    const headers = { 'content-type': 'application/json' };
    let answered = 0;
    const answerTo = (agent: Agent, label: number): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const request = send({ agent, port, host: '127.0.0.1', method: 'POST', path: '/predict', headers });
        request.on('error', reject);
        request.on('response', resolve);
        request.end(JSON.stringify([imageOf(label)]));
      });
    /** Asks again and again over one connection, until an answer says that it ends. */
    const client = async (label: number): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let closes = false; !closes; answered++) {
        const response = await answerTo(agent, label);
        let text = '';
        for await (const part of response) text += part;
        expect(JSON.parse(text).predictions[0].label).toBe(String(label));
        closes = response.headers.connection === 'close';
      }
    };
    const clients = Promise.all(Array.from({ length: 64 }, (_, i) => client(i % 3)));
    clients.catch(() => undefined); // awaited below
    while (answered < 200) await pause(10);
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    await server.close();
    await clients;
    await expect(post(url, 'application/json', '[]')).rejects.toThrow();
    if (!silent.closed) await once(silent, 'close');
  });

  test('what the model does not answer in time gets a 503, and a request that never ends is cut off', async () => {
    const never = { batch: 32, predict: () => new Promise<Float32Array>(() => undefined) };
    const { server, port, url } = await serve({ closingTime: 1 }, never);
    const asked = ask(url, 1);
    const cut = talk(port, `${HEAD}content-length: 50\r\n\r\n[`);
    await pause(200);
    const before = performance.now();
    await server.close();
    expect(performance.now() - before).toBeLessThan(20_000);
    expect((await asked).status).toBe(503);
    expect(await cut).not.toMatch(/^HTTP\/1\.1 200/);
  });
});
