/** The page of apps/web, built, served under a path, and open in a browser without a GPU: what its tests share. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openChromium, reader, WEBGPU } from './chromium.js';

// biome-ignore lint/suspicious/noExplicitAny: playwright-core is installed for tests alone, without its types
export type Untyped = any;

const root = join(import.meta.dirname, '../apps/web');

/** Small enough for a browser that computes on the CPU: 400 digits to train on, a convolution of eight filters. */
export const recipe = (epochs: number, { filters = 8, limit = 500 } = {}): string =>
  JSON.stringify({
    name: 'small',
    seed: 3,
    batchSize: 16,
    data: { limit },
    layers: [
      { type: 'Conv2D', name: 'conv', filters, kernelSize: 5, activation: 'relu' },
      { type: 'MaxPooling2D', name: 'pool', poolSize: 2 },
      { type: 'Flatten', name: 'flat' },
      { type: 'Dropout', name: 'dropout', rate: 0.1 },
      { type: 'Dense', name: 'out', units: 'classes', activation: 'softmax' },
    ],
    phases: [{ optimizer: { type: 'Adam', learningRate: 0.005 }, epochs }],
  });

export interface WebPage {
  readonly page: Untyped;
  readonly address: string;
  /** Of its own; it goes when the page is closed. */
  readonly folder: string;
  /** What the console said, what was asked of another host, what was not handled. */
  readonly problems: readonly string[];
  /** Another tab of the same browser, watched in the same way. */
  tab(): Promise<Untyped>;
  /** What a button saves. */
  saved(button: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** When a training has come to its end. */
export const done = (page: Untyped): Promise<void> =>
  page.waitForSelector('#state[data-state=done]', { timeout: 100_000 });

/**
 * Watches an element of the page from within, from now on. What is asked for from outside is looked up twice a second:
 * on a fast machine, or on a busy one, a state comes and goes in between.
 *
 * @param isSeen an expression of `element`, evaluated at each change
 * @param act is run in the page at that very moment
 * @returns what ends once it was seen
 */
export async function watch(page: Untyped, id: string, isSeen: string, act = ''): Promise<() => Promise<void>> {
  const promise = await page.evaluateHandle(`({
    seen: new Promise((resolve) => {
      const element = document.getElementById('${id}');
      const observer = new MutationObserver(() => {
        if (!(${isSeen})) return;
        observer.disconnect();
        ${act};
        resolve();
      });
      observer.observe(element, { attributes: true, childList: true, characterData: true, subtree: true });
    }),
  })`);
  return () => promise.evaluate(({ seen }: Untyped) => seen);
}

/** Begins a training, and ends when that has begun: no state is then of the one before. */
export async function begin(page: Untyped, act: () => Promise<void>): Promise<void> {
  const hasBegun = await watch(page, 'state', "element.dataset.state === 'data'");
  await act();
  await hasBegun();
}

/** Begins a training that the page itself pauses in the second epoch, so that it is not over before. */
export async function beginAndPause(page: Untyped, act: () => Promise<void>): Promise<void> {
  const isPaused = await watch(page, 'figure-epoch', SECOND_EPOCH, "document.getElementById('pause').click()");
  await begin(page, act);
  await isPaused();
}

/** That an epoch is done, and another one under way: for {@link watch}. */
export const SECOND_EPOCH = '/^([2-9]|\\d{2,}) of /.test(element.textContent)';

/**
 * Builds the page and opens it; the caller closes it.
 *
 * @param text a recipe; without one, the page begins with its own
 */
export async function openWebPage(text: string): Promise<WebPage> {
  const folder = mkdtempSync(join(tmpdir(), 'anke web '));
  const { preview } = await reader('vite');
  const built = { outDir: join(folder, 'built') };
  // By itself, as people build it: this process would read the packages' sources, which Node cannot.
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', built.outDir], { cwd: root });
  // Under a path, and with another configuration than its own: any host serves it.
  const base = '/some/path/';
  const server = await preview({ root, base, configFile: false, logLevel: 'warn', build: built, preview: { port: 0 } });
  const address: string = server.resolvedUrls.local[0];
  const browser: Untyped = await openChromium(WEBGPU);
  const context = await browser.newContext();
  context.setDefaultTimeout(100_000); // on a busy machine
  const problems: string[] = [];
  const tab = async (): Promise<Untyped> => {
    const opened = await context.newPage();
    opened.on('pageerror', (error: Error) => problems.push(error.message));
    opened.on('console', (message: Untyped) => problems.push(message.text()));
    opened.on('request', (request: Untyped) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(address)) problems.push(request.url());
    });
    return opened;
  };
  const page = await tab();
  await page.goto(text ? `${address}#recipe=${encodeURIComponent(text)}` : address);
  return {
    page,
    address,
    folder,
    problems,
    tab,
    saved: async (button) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
      return readFileSync(await download.path());
    },
    close: async () => {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
