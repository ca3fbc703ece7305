/** `anke import`: downloads data sets and unpacks them. */
import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  DEFAULT_LIMITS,
  type DownloadSource,
  download,
  FilesError,
  makeFolder,
  parseSources,
  takeLock,
  type Unpacked,
  unpack,
} from '@anke/files';
import { count } from '@anke/report';
import { type Command, InvalidArgumentError } from 'commander';
import colors from 'picocolors';
import { CommandError, Interrupted, UsageError } from '../errors.js';
import { Terminal } from '../terminal.js';
import { GROUP, positive, positiveNumber } from './options.js';
import { type AnswerOptions, outOption } from './output.js';

interface Options extends AnswerOptions {
  readonly out?: string;
  readonly sha256?: Readonly<Record<string, string>>;
  readonly timeout: number;
  readonly maxUnpacked?: number;
  readonly maxRatio?: number;
}

/** Where data is unpacked to. */
const DATA = 'data';

/** Of Keras's copy of MNIST, for an example that works. */
const MNIST_SHA256 = '731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1';

/** `HEX` for a single source, `NAME=HEX` for one of several. */
function checksum(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name = '', hex] = /^(?:(.+)=)?([0-9a-f]{64})$/i.exec(text) ?? [];
  if (hex === undefined) throw new InvalidArgumentError('It must be 64 hexadecimal digits, or NAME= and these.');
  return { ...before, [name]: hex };
}

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .description('download data and unpack it: the notebook’s first cell')
    .argument(
      '[sources...]',
      'NAME:URL, with commas between several and percent-encoded as DATA_SOURCE_MAPPING has them, ' +
        'which is read if there are none; or kaggle:COMPETITION',
    );
  command
    .optionsGroup(GROUP.data)
    .option('--sha256 <[name=]hex>', 'what the download must be; may be given for each source', checksum)
    .option('--timeout <seconds>', 'give a connection up when nothing has come for so long', positiveNumber, 30)
    .option('--max-unpacked <bytes>', 'how much an archive may unpack to; default: 16 GiB', positive)
    .option('--max-ratio <x>', 'how many times its own size it may unpack to; default: 200', positive);
  outOption(command, 'folder', `where to unpack to: each source into a folder of its name; default: ${DATA}`, 'to')
    .addHelpText(
      'after',
      `
An interrupted download is resumed where it stopped. For kaggle:COMPETITION, put kaggle.json into ~/.kaggle, or set
KAGGLE_USERNAME and KAGGLE_KEY.

Examples:
  anke import kaggle:Kannada-MNIST
  anke import mnist:https%3A%2F%2Fstorage.googleapis.com%2Ftensorflow%2Ftf-keras-datasets%2Fmnist.npz
  anke import mnist:https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz --sha256 ${MNIST_SHA256}`,
    )
    .action(runImport);
}

async function runImport(texts: readonly string[], options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const sources = sourcesOf(texts);
  makeFolder(options.out ?? DATA);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const results: object[] = [];
  let failed = 0;
  for (const source of sources) {
    try {
      results.push(await importOne(terminal, source, sources.length, options, stop.signal));
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      if (stop.signal.aborted) throw new Interrupted(error.message);
      failed++;
      terminal.say(`${colors.red('failed')}  ${error.message}`);
      results.push({ name: source.name, error: error.message });
    }
  }
  process.off('SIGINT', onSignal);
  process.off('SIGTERM', onSignal);
  terminal.result({ sources: results });
  if (failed > 0) throw new CommandError(`${failed} of ${sources.length} sources could not be imported`);
}

function sourcesOf(texts: readonly string[]): DownloadSource[] {
  const { DATA_SOURCE_MAPPING: mapping = '' } = process.env;
  const given = texts.length > 0 ? texts : [mapping];
  const sources = given.flatMap((text) => parseSources(text, process.env));
  if (sources.length === 0)
    throw new UsageError('name a source: NAME:URL, or kaggle:COMPETITION (--help has examples)');
  const twice = sources.find(({ name }, i) => sources.findIndex((other) => other.name === name) !== i);
  if (twice) throw new UsageError(`two sources are called "${twice.name}", and would be unpacked into the same folder`);
  return sources;
}

async function importOne(
  terminal: Terminal,
  source: DownloadSource,
  sources: number,
  options: Options,
  signal: AbortSignal,
): Promise<object> {
  const { name } = source;
  const { out: to = DATA } = options;
  // A second import of the same would delete what this one is unpacking.
  const release = await takeLock(join(to, `.${name}.lock`), join(to, name));
  try {
    return await importLocked(terminal, source, sources, options, signal);
  } finally {
    release();
  }
}

async function importLocked(
  terminal: Terminal,
  source: DownloadSource,
  sources: number,
  { out: to = DATA, sha256 = {}, timeout, maxUnpacked, maxRatio }: Options,
  signal: AbortSignal,
): Promise<object> {
  const limits = {
    maxBytes: maxUnpacked ?? DEFAULT_LIMITS.maxBytes,
    maxRatio: maxRatio ?? DEFAULT_LIMITS.maxRatio,
  };
  const { name, url } = source;
  const folder = join(to, name);
  if (existsSync(folder)) {
    terminal.say(`${colors.green('there')}   ${folder} is there already, and left as it is`);
    return { name, folder, there: true };
  }
  const archive = join(to, `.${name}.download`);
  const bar = terminal.progress(`Downloading ${name}`, 'bytes');
  const sum = sha256[name] ?? (sources === 1 ? sha256[''] : undefined);
  try {
    await download(source, archive, { timeout, sha256: sum, signal, onProgress: bar.update });
  } finally {
    bar.stop();
  }
  let unpacked: Unpacked;
  const unpacking = terminal.progress(`Unpacking ${name}`, 'bytes');
  try {
    const file = basename(new URL(url).pathname) || name;
    unpacked = await unpack(archive, folder, file, limits, (done) => unpacking.update(done, 0));
  } catch (error) {
    throw error instanceof FilesError ? new FilesError(`${name}: ${error.message.replaceAll(archive, url)}`) : error;
  } finally {
    unpacking.stop();
    // Whole, it has been unpacked; or it cannot be, and will not be better the next time.
    rmSync(archive, { force: true });
  }
  terminal.say(`${colors.green('done')}    ${folder}: ${count(unpacked.files)} files, ${count(unpacked.bytes)} bytes`);
  return { name, folder, ...unpacked };
}
