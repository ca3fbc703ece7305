/** `anke serve`: a trained model behind HTTP. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ImageDataset } from '@anke/data';
import type { Predictor } from '@anke/nn';
import { count } from '@anke/report';
import { samplesOf } from '@anke/training';
import type { Command } from 'commander';
import { openDevice } from '../device.js';
import { CommandError } from '../errors.js';
import { factsOf, loadModel } from '../model-folder.js';
import { Batcher } from '../serve/batcher.js';
import { predictionServer } from '../serve/server.js';
import { Terminal } from '../terminal.js';
import { natural, positive, positiveNumber } from './options.js';

interface Options {
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly maxBody: number;
  readonly timeout: number;
}

/** Images in the batches that are made ready: a single one, a few, and many. */
const BATCHES = [1, 8, 32];

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('answer predictions over HTTP, requests that arrive together in one batch')
    .requiredOption('--model <run>', 'the folder of a run, a .safetensors file in it, or an exported .onnx')
    .option('--host <name>', 'where to listen; 0.0.0.0 for every network', '127.0.0.1')
    .option('--port <n>', 'on which port; 0 for any', natural, 8000)
    .option('--max-body <bytes>', 'the longest request', positive, 16 * 2 ** 20)
    .option('--timeout <seconds>', 'how long a client may take to send a request', positiveNumber, 10)
    .addHelpText(
      'after',
      `
POST /predict takes text/csv (a header, then a row an image), application/json ([image, …], each an array of pixels
0 … 255), image/png or image/jpeg. GET /healthz, GET /metrics.

Examples:
  anke serve --model runs/first --port 8000
  curl --data-binary @data/digits/test.csv -H 'content-type: text/csv' http://127.0.0.1:8000/predict
  curl --data-binary @digit.png -H 'content-type: image/png' http://127.0.0.1:8000/predict`,
    )
    .action(runServe);
}

async function runServe({ model: path, host, port, maxBody, timeout }: Options): Promise<void> {
  const terminal = new Terminal();
  const device = await openDevice(terminal, { model: path });
  const model = await loadModel(path, device);
  const [height = 1, width = 1, channels = 1] = model.inputShape;
  const shape = [height, width, channels] as const;
  const preparing = terminal.progress('Preparing the kernels', 'batch sizes');
  // Pixels of requests become what those of files become.
  const blank = samplesOf(new ImageDataset('blank', shape, new Uint8Array(height * width * channels)));
  const predictors: Predictor[] = [];
  for (const batch of BATCHES) {
    const predictor = await model.session.predictor(batch, blank);
    await predictor.predict(blank.pixels); // compiles what the driver has left for later
    predictors.push(predictor);
    preparing.update(predictors.length, BATCHES.length);
  }
  preparing.stop();

  const names = (await factsOf(path))?.classNames;
  const batcher = new Batcher(predictors, height * width * channels);
  const classes = model.outputShape[0] as number;
  const server = predictionServer(batcher, {
    shape,
    classes,
    nameOf: (label) => names?.[label] ?? String(label),
    maxBody,
    timeout,
  });
  server.listen(port, host);
  const [event] = await Promise.race([
    once(server, 'listening').then(() => [undefined]),
    once(server, 'error').then(([error]) => [error as NodeJS.ErrnoException]),
  ]);
  if (event)
    throw new CommandError(
      event.code === 'EADDRINUSE'
        ? `port ${port} is taken; name another with --port`
        : `${host}:${port}: ${event.message}`,
    );
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  terminal.say(`Serving ${path} on http://${name}:${address.port} (Ctrl-C ends it)`);

  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  await once(stop.signal, 'abort');
  // What is under way is answered; nobody new is.
  const closed = once(server, 'close');
  server.close();
  // Connections that are kept for further requests become idle one by one.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(idle);
  terminal.say(`\nServed ${count(batcher.images)} images in ${count(batcher.batches)} batches`);
  device.gpu.destroy();
}
