/** If these failed, a page from anywhere could use the server of whoever looks at it, or a stranger could. */
import { request as send } from 'node:http';
import { describe, expect, test } from 'vitest';
import { imageOf, serve } from './serving.js';

type Headers = Readonly<Record<string, string>>;

/** What a browser would not let a page choose, this does: Host and Origin. */
async function ask(
  port: number,
  headers: Headers,
  { method = 'POST', path = '/predict' } = {},
): Promise<{ readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }> {
  const body = method === 'POST' ? JSON.stringify([imageOf(1)]) : '';
  return await new Promise((resolve, reject) => {
    const request = send({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { 'content-type': 'application/json', ...headers },
      agent: false, // a connection that is kept would delay the server's end
    });
    request.on('error', reject);
    request.on('response', async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
    request.end(body);
  });
}

describe('Host', () => {
  test.each(['localhost', 'LOCALHOST:80', '127.0.0.1:9', '[::1]:8000', 'digits.example.org:8000'])(
    '%s is this machine',
    async (host) => {
      const { port } = await serve({ access: { hosts: ['digits.example.org'], origins: [] } });
      expect((await ask(port, { host })).status).toBe(200);
    },
  );

  test.each(['evil.example', 'evil.example:8000', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])(
    '%j is not, on any path',
    async (host) => {
      const { port } = await serve();
      expect((await ask(port, { host })).status).toBe(403);
      for (const path of ['/metrics', '/healthz', '/'])
        expect((await ask(port, { host }, { method: 'GET', path })).status).toBe(403);
    },
  );
});

describe('Origin', () => {
  test.each(['http://evil.example', 'null', 'http://localhost:1', 'https://good.example:8443'])(
    '%s is refused, also before it asks',
    async (origin) => {
      const { port } = await serve({ access: { hosts: [], origins: ['https://good.example'] } });
      const host = `localhost:${port}`;
      const answer = await ask(port, { host, origin });
      expect(answer.status).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      const preflight = { host, origin, 'access-control-request-method': 'POST' };
      expect((await ask(port, preflight, { method: 'OPTIONS' })).status).toBe(403);
    },
  );

  test('its own page may ask', async () => {
    const { port } = await serve();
    const host = `localhost:${port}`;
    expect((await ask(port, { host, origin: `http://${host}` })).status).toBe(200);
  });

  test('an allowed one may ask and read, after a preflight too, errors as well', async () => {
    const origin = 'https://good.example';
    const { port } = await serve({ access: { hosts: [], origins: [origin], token: 'secret' } });
    const preflight = { origin, 'access-control-request-method': 'POST' };
    const allowed = await ask(port, preflight, { method: 'OPTIONS' });
    expect(allowed.status).toBe(200);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type',
      vary: 'origin',
    });
    const refused = await ask(port, { origin });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, origin]);
    const answer = await ask(port, { origin, authorization: 'Bearer secret' });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin]);
  });

  test('OPTIONS without an origin is no preflight', async () => {
    const { port } = await serve();
    expect((await ask(port, {}, { method: 'OPTIONS' })).status).toBe(405);
  });
});

test('with a token, only who has it may ask; anybody sees that the server is there, and the page', async () => {
  const { port } = await serve({ access: { hosts: [], origins: [], token: 'secret' } });
  const tries = ['', 'secret', 'Bearer', 'Bearer secre', 'Bearer secret2', 'bearer secret', 'Basic secret'];
  for (const authorization of tries) {
    const answer = await ask(port, { authorization });
    expect(answer.status, authorization).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(answer.body).error).toContain('Authorization: Bearer TOKEN');
    for (const path of ['/metrics', '/model'])
      expect((await ask(port, { authorization }, { method: 'GET', path })).status).toBe(401);
  }
  expect((await ask(port, { authorization: 'Bearer secret' })).status).toBe(200);
  for (const path of ['/healthz', '/']) expect((await ask(port, {}, { method: 'GET', path })).status).toBe(200);
});
