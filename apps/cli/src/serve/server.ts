/**
 * A model behind HTTP: POST /predict takes images and answers with classes and probabilities; GET / is a page that asks
 * it, GET /model tells what it takes, GET /healthz whether it can be asked; GET /metrics counts for Prometheus. Who may
 * ask, bodies, connections and times are bounded; what a client does wrong gets a 4xx with a line that says what, and
 * does not hold up the others.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { explain, isExplained } from '../errors.js';
import { Access, type AccessOptions, isPreflight, PREFLIGHT_HEADERS } from './access.js';
import { type Answer, jsonAnswer, predictionAnswer } from './answer.js';
import { Batcher } from './batcher.js';
import { BodyReader } from './body.js';
import { ImageReader, SHORT_BODY } from './images.js';
import { Metrics } from './metrics.js';
import { pageAnswer } from './page.js';
import { RequestError, unavailable } from './request-error.js';
import type { ServedModel } from './served-model.js';

export interface ServeOptions {
  /** (height, width, channels) */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly nameOf: (label: number) => string;
  /** Whether the ink is darker than the paper, in the images that the model has learned from. */
  readonly darkInk: boolean;
  readonly maxBody: number;
  /** Seconds that a client may take to send its request, or to take its answer. */
  readonly timeout: number;
  /** Seconds after which `close` gives up what is not answered yet. */
  readonly closingTime: number;
  readonly access: AccessOptions;
  /** Is told what went wrong in here. */
  readonly say: (line: string) => void;
}

const MOST_IMAGES = 4096;
/** Probabilities in an answer: some 5 MB of text. */
const MOST_NUMBERS = 2 ** 18;
const MOST_CONNECTIONS = 1024;
/** So many bodies of the longest kind may be in memory at once. */
const MOST_BODIES = 16;
/** Time for requests that are on their way when the server is asked to end. */
const GRACE_MILLISECONDS = 500;
/** Time for the last answers to be taken. */
const LAST_MILLISECONDS = 250;

const METHODS: Readonly<Record<string, string>> = {
  '/': 'GET',
  '/predict': 'POST',
  '/model': 'GET',
  '/healthz': 'GET',
  '/metrics': 'GET',
};

export class PredictionServer {
  readonly batcher: Batcher;
  readonly #http: Server;
  readonly #access: Access;
  readonly #bodies: BodyReader;
  readonly #images: ImageReader;
  readonly #metrics: Metrics;
  /** Connections that have sent no request yet. */
  readonly #silent = new Set<Socket>();
  /** Connections so far. */
  #accepted = 0;
  /** Set when it has been asked to end. */
  #end: Promise<void> | undefined;

  constructor(
    readonly model: ServedModel,
    readonly options: ServeOptions,
  ) {
    const { shape, classes, maxBody, timeout, access } = options;
    this.batcher = new Batcher(model, shape[0] * shape[1] * shape[2]);
    this.#metrics = new Metrics(this.batcher);
    this.#access = new Access(access);
    this.#bodies = new BodyReader(maxBody, MOST_BODIES * maxBody);
    const mostImages = Math.max(1, Math.min(MOST_IMAGES, Math.floor(MOST_NUMBERS / classes)));
    this.#images = new ImageReader({ shape, mostImages });
    const milliseconds = timeout * 1000;
    this.#http = createServer(
      {
        requestTimeout: milliseconds,
        headersTimeout: milliseconds,
        keepAliveTimeout: 10_000,
        connectionsCheckingInterval: Math.min(1000, milliseconds / 4),
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#http.timeout = 2 * milliseconds; // of silence: later than a request's own, which gets an answer
    this.#http.maxConnections = MOST_CONNECTIONS;
    this.#http.on('connection', (socket) => {
      this.#accepted++;
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
    });
    this.#http.on('clientError', refuseMessage);
  }

  /** @throws the system's error if the port is taken, or the like */
  async listen(port: number, host: string): Promise<AddressInfo> {
    await this.#images.prepare();
    const listening = once(this.#http, 'listening'); // rejected by an error
    this.#http.listen(port, host);
    await listening;
    return this.#http.address() as AddressInfo;
  }

  /**
   * Accepts nobody any more, answers the requests that have arrived, and ends. What is not answered in time gets a 503;
   * a connection without a request does not hold it up.
   */
  close(): Promise<void> {
    this.#end ??= this.#close(); // from now on, an answer ends its connection
    return this.#end;
  }

  async #close(): Promise<void> {
    const closed = once(this.#http, 'close');
    await this.#acceptWaiting();
    // The HTTP server's own close would at once end connections whose next request has arrived, but is not read yet.
    NetServer.prototype.close.call(this.#http);
    const ending = new AbortController();
    const after = async (milliseconds: number, act: () => unknown): Promise<void> => {
      await wait(milliseconds, undefined, { signal: ending.signal });
      await act();
    };
    const steps = [
      after(GRACE_MILLISECONDS, () => {
        for (const socket of this.#silent) socket.destroy();
        this.#http.closeIdleConnections();
      }),
      after(1000 * this.options.closingTime, () => this.#giveUp()),
      after(1000 * this.options.closingTime + LAST_MILLISECONDS, () => this.#http.closeAllConnections()),
    ];
    await closed;
    ending.abort();
    await Promise.allSettled(steps);
    await this.#giveUp();
  }

  /** A turn of the event loop accepts one of the connections that wait; those that are not accepted would be lost. */
  async #acceptWaiting(): Promise<void> {
    for (let [turns, idle] = [0, 0]; turns < MOST_CONNECTIONS && idle < 3; turns++) {
      const before = this.#accepted;
      await nextTurn();
      idle = this.#accepted === before ? idle + 1 : 0;
    }
  }

  async #giveUp(): Promise<void> {
    const error = unavailable('the server is ending');
    this.batcher.close(error);
    await this.#images.close(error);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    this.#silent.delete(request.socket);
    let headers = {};
    let answer: Answer;
    try {
      headers = this.#access.check(request);
      answer = await this.#answerTo(request, response);
    } catch (error) {
      answer = this.#refusal(error);
      await discardRest(request, 1000 * this.options.timeout);
    }
    this.#send(request, response, { ...answer, headers: { ...headers, ...answer.headers } });
    this.#metrics.count(answer.status, (performance.now() - started) / 1000);
  }

  async #answerTo(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    if (isPreflight(request)) return { ...jsonAnswer(200, {}), headers: PREFLIGHT_HEADERS };
    const path = (request.url ?? '').split('?')[0] ?? '';
    const method = METHODS[path];
    if (!method)
      throw new RequestError(404, 'there are GET /, POST /predict, GET /model, GET /healthz and GET /metrics');
    if (request.method !== method) throw new RequestError(405, `${path} expects ${method}`, { allow: method });
    if (path === '/healthz') return this.#health();
    if (path === '/') return pageAnswer; // it tells nothing of the model
    this.#access.checkToken(request);
    if (path === '/model') return this.#model();
    if (path === '/metrics') return { status: 200, type: 'text/plain; version=0.0.4', body: this.#metrics.text() };
    return await this.#predict(request, response);
  }

  #health(): Answer {
    if (!this.model.isOpen) return jsonAnswer(503, { status: 'the device was lost and is being opened again' });
    return jsonAnswer(200, { status: 'ok' });
  }

  #model(): Answer {
    const { shape, classes, nameOf, darkInk } = this.options;
    return jsonAnswer(200, { shape, classes: Array.from({ length: classes }, (_, i) => nameOf(i)), darkInk });
  }

  async #predict(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const parts = await this.#bodies.read(request, response);
    request.socket.setTimeout(0); // the silence from here on is ours
    const type = request.headers['content-type'] ?? '';
    const { pixels, ids } = await this.#images.read(type, parts);
    const probabilities = await this.batcher.predict(pixels, () => response.destroyed);
    const { classes, nameOf } = this.options;
    return await predictionAnswer({ probabilities, classes, ids, nameOf }, /^text\/csv/i.test(type));
  }

  #refusal(error: unknown): Answer {
    if (error instanceof RequestError)
      return { ...jsonAnswer(error.status, { error: error.message }), headers: error.headers };
    this.options.say(explain(error).message);
    return jsonAnswer(500, { error: isExplained(error) ? (error as Error).message : 'the prediction failed' });
  }

  #send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
    const milliseconds = 1000 * this.options.timeout;
    const length = Buffer.byteLength(body);
    request.socket.setTimeout(milliseconds);
    // A long answer is in memory until it is taken, which must come to an end.
    if (length > SHORT_BODY) {
      const late = setTimeout(() => request.socket.destroy(), milliseconds);
      response.once('close', () => clearTimeout(late));
    }
    // What a client still sends is not read: the connection ends.
    const close = this.#end || (status >= 400 && !request.complete) ? { connection: 'close' } : {};
    response.writeHead(status, { 'content-type': type, 'content-length': length, ...headers, ...close });
    response.end(body);
  }
}

/** Lets a client send the rest of what is refused, as most read no answer before. Not for ever, and nothing is kept. */
async function discardRest(request: IncomingMessage, milliseconds: number): Promise<void> {
  if (request.complete || request.destroyed) return;
  const end = once(request, 'end', { signal: AbortSignal.timeout(milliseconds) });
  request.resume();
  await end.catch(() => undefined); // it takes too long, or the client has gone
}

/** Answers to what is no HTTP, or comes too slowly: Node tells by the error's code which. */
const BROKEN: Readonly<Record<string, readonly [status: string, why: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request takes too long to arrive'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
};

function refuseMessage(error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: ServerResponse }): void {
  // An answer that is under way must not have another one written into it.
  if (!socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const [status, why] = BROKEN[error.code ?? ''] ?? ['400 Bad Request', 'this is no HTTP request'];
  const { type, body } = jsonAnswer(0, { error: why });
  const head = [`HTTP/1.1 ${status}`, `content-type: ${type}`, `content-length: ${body.length}`, 'connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
