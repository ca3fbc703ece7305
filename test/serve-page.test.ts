/** The page of `anke serve`, in a browser: what is drawn or dropped reaches the model as its images are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchPredictor } from '../apps/cli/dist/serve/batcher.js';
import { hasChromium, NO_CHROMIUM, openChromium } from './chromium.js';
import { work } from './command-line.js';
import { serve } from './serving.js';
import type { Untyped } from './web-page.js';

if (!hasChromium) console.warn(`${NO_CHROMIUM}: the page of anke serve is not opened`);

const SIDE = 28;
/** The last image that the model was asked about. */
let seen = new Uint8Array();
/** Says 2 to an image with ink, and 0 to an empty one. */
const inkOrNone: BatchPredictor = {
  batch: 32,
  predict: async (images) => {
    if (!(images instanceof Uint8Array)) throw new Error('bytes are expected');
    seen = Uint8Array.from(images.subarray(0, SIDE * SIDE));
    return Float32Array.from({ length: 3 * (images.length / (SIDE * SIDE)) }, (_, i) =>
      i % 3 === (seen.some((pixel) => pixel > 0) ? 2 : 0) ? 1 : 0,
    );
  },
};

/** The centre of the ink, in pixels. */
function centre(): readonly [x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  seen.forEach((pixel, i) => {
    mass += pixel;
    x += pixel * ((i % SIDE) + 0.5);
    y += pixel * (Math.floor(i / SIDE) + 0.5);
  });
  return [x / mass, y / mass];
}

describe.skipIf(!hasChromium)('the page of anke serve', () => {
  let browser: Untyped;
  let page: Untyped;
  const problems: string[] = [];

  beforeAll(async () => {
    browser = await openChromium();
    page = await browser.newPage();
    page.on('pageerror', (error: Error) => problems.push(error.message));
    page.on('console', (message: Untyped) => problems.push(message.text()));
  });
  afterAll(() => browser?.close());

  const draw = async (): Promise<void> => {
    const { x, y, width } = await page.locator('#pad').boundingBox();
    await page.mouse.move(x + width * 0.1, y + width * 0.1);
    await page.mouse.down();
    for (let i = 1; i <= 10; i++) await page.mouse.move(x + width * (0.1 + 0.03 * i), y + width * (0.1 + 0.06 * i));
    await page.mouse.up();
  };

  test('a drawing is centred, of light ink, and answered', async () => {
    const { url } = await serve({ nameOf: (label) => ['none', 'one', 'ink'][label] ?? '' }, inkOrNone);
    await page.goto(url);
    await draw();
    await page.waitForSelector('#answer:text-is("ink")');
    expect(await page.locator('#bars li').allTextContents()).toEqual(['none0.0%', 'one0.0%', 'ink100.0%']);
    const [x, y] = centre();
    expect(Math.hypot(x - SIDE / 2, y - SIDE / 2)).toBeLessThan(1);
    expect([seen[0], Math.max(...seen)]).toEqual([0, 255]);
  });

  test('a picture is sent as it is', async () => {
    const { url } = await serve({}, inkOrNone);
    const png = new PNG({ width: SIDE, height: SIDE });
    png.data.fill(255);
    const path = join(work, 'white.png');
    writeFileSync(path, PNG.sync.write(png));
    await page.goto(url);
    await page.setInputFiles('#file', path);
    await page.waitForSelector('#answer:text-is("2")');
    expect(new Set(seen)).toEqual(new Set([255]));
  });

  test('where dark ink was learned, the ink is dark; and a token is asked for', async () => {
    const { url } = await serve({ darkInk: true, access: { hosts: [], origins: [], token: 'secret' } }, inkOrNone);
    await page.goto(url);
    await page.waitForSelector('#token-line:not([hidden])');
    await page.fill('#token', 'secret');
    await page.press('#token', 'Tab');
    await expect.poll(() => page.evaluate('darkInk')).toBe(true);
    await draw();
    await page.waitForSelector('#answer:text-is("2")');
    expect([seen[0], Math.min(...seen)]).toEqual([255, 0]);
    // The browser itself tells of the 401 that made the page ask.
    expect(problems.filter((line) => !line.includes('401'))).toEqual([]);
  });
});
