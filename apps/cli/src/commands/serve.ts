/** `anke serve`: a trained model behind HTTP. */
import { once } from 'node:events';
import { createServer, isIP } from 'node:net';
import { ImageDataset } from '@anke/data';
import type { Predictor } from '@anke/nn';
import { count } from '@anke/report';
import { samplesOf } from '@anke/training';
import { type Command, InvalidArgumentError } from 'commander';
import colors from 'picocolors';
import { type Device, openDevice } from '../device.js';
import { CommandError } from '../errors.js';
import { factsOf, placeModel, readModel, requireClasses, type StoredModel } from '../model-folder.js';
import { type OpenedModel, ServedModel } from '../serve/served-model.js';
import { PredictionServer } from '../serve/server.js';
import { Terminal } from '../terminal.js';
import { operands, TRAINED_MODEL } from './operands.js';
import { GROUP, port, positive, positiveNumber } from './options.js';
import type { AnswerOptions } from './output.js';

interface Options extends AnswerOptions {
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly maxBody: number;
  readonly timeout: number;
  readonly closingTime: number;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly token?: string;
}

/** Images in the batches that are made ready: a single one, a few, and many. */
const BATCHES = [1, 8, 32];
/** Images whose edges are lighter than this show dark ink on light paper. */
const LIGHT = 127;

export function addServe(program: Command): void {
  const command = operands(program.command('serve'), [TRAINED_MODEL]);
  command
    .description('answer predictions over HTTP, requests that arrive together in one batch')
    .optionsGroup(GROUP.server)
    .option('--host <name>', 'where to listen; 0.0.0.0 for every network', '127.0.0.1')
    .option('--port <n>', 'on which port; 0 for any', port, 8000)
    .option(
      '--token <text>',
      'answer only requests with "Authorization: Bearer TEXT"; better given as ANKE_TOKEN',
      token,
    )
    .option('--allow-host <name>', 'a further name of this machine that clients use; may be repeated', hosts)
    .option(
      '--allow-origin <origin>',
      'let pages from there ask, such as https://example.org; may be repeated',
      origins,
    )
    .option('--max-body <bytes>', 'the longest request', positive, 16 * 2 ** 20)
    .option(
      '--timeout <seconds>',
      'how long a client may take to send a request, or take an answer',
      positiveNumber,
      10,
    )
    .option('--closing-time <seconds>', 'when asked to end, how long to go on with requests', positiveNumber, 10)
    .addHelpText(
      'after',
      `
GET / is a page to draw on, or to drop a picture on. POST /predict takes text/csv (a header, then a row an image),
application/json ([image, …], each an array of pixels 0 … 255), image/png or image/jpeg. GET /model, GET /healthz,
GET /metrics. All but / and /healthz ask for the token, if there is one.

Host in a request must be a loopback name, the address that the client connected to, or one of --allow-host: so no page
elsewhere can reach a server on this machine by a name of its own. A browser's request for a page elsewhere is refused
unless --allow-origin names where the page comes from.

Answers: 4xx where the client is wrong; 503 with Retry-After where it should ask again: too much waits, the device was
lost and is being opened again, or the server ends. Errors are {"error": "…"}.

Examples:
  anke serve runs/first --port 8000
  curl --data-binary @data/digits/test.csv -H 'content-type: text/csv' http://127.0.0.1:8000/predict
  curl --data-binary @digit.png -H 'content-type: image/png' http://127.0.0.1:8000/predict
  ANKE_TOKEN=secret anke serve runs/first --host 0.0.0.0 --allow-host digits.example.org`,
    )
    .action(() => runServe(command.opts()));
}

function token(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new InvalidArgumentError('It must be visible ASCII characters, without blanks.');
  return text;
}

/** Adds what one more option names, or the environment in one text with commas. */
const hosts = (text: string, before: readonly string[] = []): string[] => [...before, ...text.split(',')];

const origins = (text: string, before: readonly string[] = []): string[] => [...before, ...text.split(',').map(origin)];

function origin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new InvalidArgumentError('It must be a scheme and a host, with a port if need be: https://example.org:8080.');
}

async function runServe(options: Options): Promise<void> {
  const { model: path, host, port, maxBody, timeout, closingTime } = options;
  const terminal = new Terminal(options);
  const say = (line: string): void => terminal.say(line);
  await checkPlace(port, host);
  const stored = await readModel(path);
  const classes = requireClasses(path, stored.graph);
  const [height = 1, width = 1, channels = 1] = stored.graph.inputShape;
  const device = await openDevice(terminal, { model: path });
  let isLost = false;
  const model = await ServedModel.open(async () => {
    if (isLost) await device.reopen();
    isLost = true; // when this is called again
    return await prepare(path, stored, device, terminal);
  }, say);
  const names = stored.classNames;
  const server = new PredictionServer(model, {
    shape: [height, width, channels],
    classes,
    nameOf: (label) => names?.[label] ?? String(label),
    darkInk: ((await factsOf(path))?.pixels.border ?? 0) > LIGHT,
    maxBody,
    timeout,
    closingTime,
    access: {
      hosts: [host, ...(options.allowHost ?? [])],
      origins: options.allowOrigin ?? [],
      token: options.token,
    },
    say,
  });
  const { address, port: opened } = await server.listen(port, host).catch((error) => refuse(error, port, host));
  if (!isLoopback(address) && options.token === undefined)
    say(colors.yellow('Whoever reaches this machine may ask; --token lets only those ask who know it'));
  const url = `http://${isIP(address) === 6 ? `[${address}]` : address}:${opened}`;
  terminal.say(`Serving ${path} on ${url} (Ctrl-C ends it)`);
  terminal.result({ url, model: path });

  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  await once(stop.signal, 'abort');
  await server.close();
  model.close();
  const { images, batches } = server.batcher;
  const answered = `${count(images)} ${images === 1 ? 'image' : 'images'}`;
  terminal.say(`\nServed ${answered} in ${count(batches)} ${batches === 1 ? 'batch' : 'batches'}`);
}

/**
 * Tries whether a server can listen there, as that is better known before the model is loaded.
 *
 * @throws CommandError if none can
 */
async function checkPlace(port: number, host: string): Promise<void> {
  const trial = createServer();
  try {
    trial.listen(port, host);
    await once(trial, 'listening');
  } catch (error) {
    refuse(error as NodeJS.ErrnoException, port, host);
  }
  trial.close();
  await once(trial, 'close');
}

/** @throws CommandError that says why a server cannot listen there */
function refuse({ code, message }: NodeJS.ErrnoException, port: number, host: string): never {
  const unknown = `--host ${host}: no address is known of this name`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken; name another with --port`,
    EACCES: `port ${port}: this user may not listen there; name one from 1024 on with --port`,
    EADDRNOTAVAIL: `--host ${host}: this is no address of this machine`,
    ENOTFOUND: unknown,
    EAI_AGAIN: unknown,
  };
  throw new CommandError(reasons[code ?? ''] ?? `${host}:${port}: ${message}`);
}

const isLoopback = (address: string): boolean => /^(127\.|::1$)/.test(address);

/** The model on the device, with its kernels made ready. */
async function prepare(path: string, stored: StoredModel, { gpu }: Device, terminal: Terminal): Promise<OpenedModel> {
  const preparing = terminal.progress('Preparing the kernels', 'batch sizes');
  try {
    const model = await placeModel(path, stored, gpu);
    const { inputShape } = stored.graph;
    const [height = 1, width = 1, channels = 1] = inputShape;
    // Pixels of requests become what those of files become.
    const pixels = new Uint8Array(height * width * channels);
    const blank = samplesOf(new ImageDataset('blank', [height, width, channels], pixels));
    const predictors: Predictor[] = [];
    for (const batch of BATCHES) {
      const predictor = await model.session.predictor(batch, blank);
      await predictor.predict(blank.pixels); // compiles what the driver has left for later
      predictors.push(predictor);
      preparing.update(predictors.length, BATCHES.length);
    }
    return { predictors, lost: gpu.device.lost, destroy: () => gpu.destroy() };
  } catch (error) {
    gpu.destroy();
    throw error;
  } finally {
    preparing.stop();
  }
}
