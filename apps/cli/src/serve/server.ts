/**
 * A model behind HTTP: POST /predict takes images and answers with classes and probabilities; GET /healthz says that it
 * is there, GET /metrics counts for Prometheus. Bodies and times are bounded; what a client does wrong gets a 4xx with
 * a line that says what, and does not hold up the others.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { NonFiniteError } from '@anke/nn';
import { mostLikely } from '@anke/report';
import { type Batcher, BusyError } from './batcher.js';
import { imagesOf, RequestError } from './images.js';

export interface ServeOptions {
  /** (height, width, channels) */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly nameOf: (label: number) => string;
  readonly maxBody: number;
  /** Seconds that a client may take to send its request. */
  readonly timeout: number;
}

interface Counters {
  readonly answers: Map<number, number>;
  seconds: number;
}

export function predictionServer(batcher: Batcher, options: ServeOptions): Server {
  const counters: Counters = { answers: new Map(), seconds: 0 };
  const server = createServer(
    {
      requestTimeout: options.timeout * 1000,
      headersTimeout: options.timeout * 1000,
      keepAliveTimeout: 10_000,
      connectionsCheckingInterval: Math.min(1000, options.timeout * 250),
    },
    async (request, response) => {
      const started = performance.now();
      const answer = await answerTo(request, batcher, options, counters).catch((error) => refusal(error));
      send(request, response, answer);
      counters.answers.set(answer.status, (counters.answers.get(answer.status) ?? 0) + 1);
      counters.seconds += (performance.now() - started) / 1000;
    },
  );
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (status: number, value: object): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

function refusal(error: unknown): Answer {
  if (error instanceof RequestError) return json(error.status, { error: error.message });
  if (error instanceof BusyError) return { ...json(503, { error: error.message }), headers: { 'retry-after': '1' } };
  if (error instanceof NonFiniteError) return json(500, { error: error.message });
  return json(500, { error: 'the prediction failed' });
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
  // What a client still sends after a refusal is not read: the connection ends.
  const close = status >= 400 && !request.complete ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers, ...close });
  response.end(body);
}

async function answerTo(
  request: IncomingMessage,
  batcher: Batcher,
  options: ServeOptions,
  counters: Counters,
): Promise<Answer> {
  const path = (request.url ?? '').split('?')[0];
  const method = { '/predict': 'POST', '/healthz': 'GET', '/metrics': 'GET' }[path ?? ''];
  if (!method) throw new RequestError(404, 'there are POST /predict, GET /healthz and GET /metrics');
  if (request.method !== method)
    return { ...json(405, { error: `${path} expects ${method}` }), headers: { allow: method } };
  if (path === '/healthz') return json(200, { status: 'ok' });
  if (path === '/metrics') return { status: 200, type: 'text/plain; version=0.0.4', body: metrics(batcher, counters) };

  const body = await read(request, options.maxBody);
  const type = request.headers['content-type'] ?? '';
  const { pixels, ids } = await imagesOf(type, body, options.shape);
  const probabilities = await batcher.predict(pixels);
  const { classes, nameOf } = options;
  const labels = mostLikely(probabilities, classes);
  const shares = (row: number): number[] => Array.from(probabilities.subarray(row * classes, (row + 1) * classes));
  if (/^text\/csv/i.test(type)) {
    const header = ['id', 'label', ...Array.from({ length: classes }, (_, i) => `p${i}`)].join(',');
    const rows = Array.from(labels, (label, row) =>
      [ids?.[row] ?? row, nameOf(label), ...shares(row).map((share) => share.toPrecision(7))].join(','),
    );
    return { status: 200, type: 'text/csv', body: `${[header, ...rows].join('\n')}\n` };
  }
  return json(200, {
    predictions: Array.from(labels, (label, row) => ({ label: nameOf(label), probabilities: shares(row) })),
  });
}

/** A request's body, as far as it is not too long. */
function read(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLong = (): RequestError => new RequestError(413, `a request may have ${most} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > most) return Promise.reject(tooLong());
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length > most) {
        request.pause();
        reject(tooLong());
      } else {
        parts.push(part);
      }
    });
    request.on('end', () => resolve(Buffer.concat(parts)));
    request.on('error', () => reject(new RequestError(400, 'the request broke off')));
  });
}

function metrics({ batches, images }: Batcher, { answers, seconds }: Counters): string {
  const total = [...answers.values()].reduce((a, b) => a + b, 0);
  const lines = [
    '# TYPE anke_requests_total counter',
    ...[...answers].sort().map(([status, times]) => `anke_requests_total{code="${status}"} ${times}`),
    '# TYPE anke_images_total counter',
    `anke_images_total ${images}`,
    '# TYPE anke_batches_total counter',
    `anke_batches_total ${batches}`,
    '# TYPE anke_request_seconds summary',
    `anke_request_seconds_sum ${seconds.toFixed(6)}`,
    `anke_request_seconds_count ${total}`,
  ];
  return `${lines.join('\n')}\n`;
}
