/** The packages in a page, put together by a bundler: the notebook's CNN trains in a browser as it does in Node. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize, writeCompetition } from '@anke/data';
import { loadDriver, openAdapter } from '@anke/dawn';
import { digitOutlines } from '@anke/files';
import { decodeWeights } from '@anke/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Trained, trainOneEpoch } from './browser/training.js';
import { chromiumFolder, hasChromium, NO_CHROMIUM, openChromium, reader, WEBGPU } from './chromium.js';

if (!hasChromium) console.warn(`${NO_CHROMIUM}: nothing is trained in a browser`);

const source = join(import.meta.dirname, 'browser');
const built = mkdtempSync(join(tmpdir(), 'anke page '));
afterAll(() => rmSync(built, { recursive: true }));

/** What the page at an address trains; fails at the first error, and at the first request to anywhere else. */
async function trainInPage(address: string): Promise<Trained> {
  const browser = await openChromium(WEBGPU);
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error: Error) => problems.push(error.message));
    page.on('request', (request: { url(): string }) => {
      if (!request.url().startsWith(address) && !request.url().startsWith('data:')) problems.push(request.url());
    });
    await page.goto(address);
    const trained: Trained = await page.evaluate('trained');
    expect(problems).toEqual([]);
    expect(await page.locator('output').textContent()).toContain(lossOf(trained).toFixed(4));
    return trained;
  } finally {
    await browser.close();
  }
}

const lossOf = ({ epoch }: Trained): number => epoch['loss'] as number;

/** The same training in this process, on the same driver: the SwiftShader that the browser brings along. */
async function trainInNode(): Promise<Trained> {
  const folder = await chromiumFolder();
  loadDriver({
    name: 'SwiftShader',
    icd: join(folder, 'vk_swiftshader_icd.json'),
    libraries: [join(folder, 'libvulkan.so.1')],
  });
  const { adapter } = await openAdapter(console.log);
  return await trainOneEpoch(adapter, readFileSync(join(built, 'train.csv')));
}

describe.skipIf(!hasChromium)('in Chromium', () => {
  let page: Trained;

  beforeAll(async () => {
    const { build, preview } = await reader('vite');
    const options = { root: source, logLevel: 'warn', build: { outDir: built, emptyOutDir: true } };
    await build(options);
    writeCompetition(await synthesize(digitOutlines(), { train: 640, test: 0, seed: 3 }), (name, content) =>
      writeFileSync(join(built, name), content),
    );
    const server = await preview({ ...options, preview: { port: 0 } });
    try {
      page = await trainInPage(server.resolvedUrls.local[0]);
    } finally {
      await server.close();
    }
    console.log(`The page trained on ${page.adapter}: loss ${lossOf(page)}.`);
  });

  test('docs/browser.md shows the program of the page', () => {
    const program = readFileSync(join(source, 'training.ts'), 'utf8').replace(/^.*\n/, '');
    expect(readFileSync(join(import.meta.dirname, '../docs/browser.md'), 'utf8')).toContain(
      `\`\`\`ts\n${program}\`\`\``,
    );
  });

  test('all weights of an epoch are finite', () => {
    const weights = [...decodeWeights(page.weights).values()];
    // Kernel and bias of seven layers, and the four of three batch normalizations.
    expect(weights.length).toBe(7 * 2 + 3 * 4);
    for (const { values } of weights) expect(values.every(Number.isFinite)).toBe(true);
  });

  test('it learns what Node learns with the same driver, to the bit', async () => {
    const node = await trainInNode();
    expect(node.adapter).toBe(page.adapter);
    expect({ ...page.epoch, seconds: 0 }).toEqual({ ...node.epoch, seconds: 0 });
    expect(Buffer.compare(page.weights, node.weights)).toBe(0);
  });
});
