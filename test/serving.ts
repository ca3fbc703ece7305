/**
 * `anke serve` within a test's own process, with a stand-in for the model: so limits, access and endings are tried
 * without a device. Reads what was built, as long bodies are read by a thread, which needs a file that Node can run.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach } from 'vitest';
import type { BatchPredictor } from '../apps/cli/dist/serve/batcher.js';
import { ServedModel } from '../apps/cli/dist/serve/served-model.js';
import { PredictionServer, type ServeOptions } from '../apps/cli/dist/serve/server.js';

export const CLASSES = 3;
const IMAGE_BYTES = 784;

/** Takes the first pixel for the class, and is sure of it. */
export const firstPixel: BatchPredictor = {
  batch: 32,
  predict: async (images) => {
    if (!(images instanceof Uint8Array)) throw new Error('bytes are expected');
    const outputs = new Float32Array((images.length / IMAGE_BYTES) * CLASSES);
    for (let i = 0; i * IMAGE_BYTES < images.length; i++)
      outputs[i * CLASSES + ((images[i * IMAGE_BYTES] as number) % CLASSES)] = 1;
    return outputs;
  },
};

/** An image of this class. */
export const imageOf = (label: number): number[] => [label, ...new Array(IMAGE_BYTES - 1).fill(0)];

export interface TestServer {
  readonly server: PredictionServer;
  readonly url: string;
  readonly port: number;
  /** What it has said. */
  readonly said: string[];
}

const open: PredictionServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** A server with a stand-in for the model; it ends after the test. */
export async function serve(options: Partial<ServeOptions> = {}, predictor = firstPixel): Promise<TestServer> {
  const opened = { predictors: [predictor], lost: new Promise(() => undefined), destroy: () => undefined };
  return await serveModel(await ServedModel.open(async () => opened, console.log), options);
}

/** A server that ends after the test. */
export async function serveModel(model: ServedModel, options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const said: string[] = [];
  const server = new PredictionServer(model, {
    shape: [28, 28, 1],
    classes: CLASSES,
    nameOf: String,
    darkInk: false,
    maxBody: 16 * 2 ** 20,
    timeout: 10,
    closingTime: 10,
    access: { hosts: [], origins: [] },
    say: (line) => said.push(line),
    ...options,
  });
  const { port } = await server.listen(0, '127.0.0.1');
  open.push(server);
  return { server, port, said, url: `http://127.0.0.1:${port}` };
}

export const post = (url: string, type: string, body: string | Uint8Array): Promise<Response> =>
  fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': type }, body: body as BodyInit });

/** Asks for one image, and returns the status and the label. */
export async function ask(url: string, label: number): Promise<{ readonly status: number; readonly label?: string }> {
  const response = await post(url, 'application/json', JSON.stringify([imageOf(label)]));
  const { predictions } = (await response.json()) as { predictions?: { label: string }[] };
  return { status: response.status, ...predictions?.[0] };
}

/** Sends some bytes over a connection of its own, and returns all that comes until it is closed. */
export async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => (answer += data));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return answer;
}
