/** A run's report in a real browser: it opens without errors and without a network, in light and in dark. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, NO_CHROMIUM, openChromium } from './chromium.js';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
if (!hasChromium) console.warn(`${NO_CHROMIUM}: reports are not opened`);

const work = mkdtempSync(join(tmpdir(), 'anke report '));
afterAll(() => rmSync(work, { recursive: true }));
const anke = (...args: readonly string[]): void => {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: work, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
};
const path = join(work, 'run <&>', 'report.html');

beforeAll(() => {
  anke('synth', '--to', 'digits', '--train', '120', '--test', '20', '--seed', '3');
  anke('train', '--data', 'digits', '--epochs', '2', '--batch-size', '20', '--out', 'run <&>');
});

test('a report holds all that it shows, and its pictures lie beside it', () => {
  const page = readFileSync(path, 'utf8');
  // Vega names the addresses of schemas and of SVG's namespaces; nothing is fetched from anywhere.
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="(?!data:)/);
  expect(page).toContain('Anke: run &#60;&#38;&#62;');
  expect(readFileSync(join(work, 'run <&>', 'confusion.svg'), 'utf8')).toContain('Predicted class');
  expect(PNG.sync.read(readFileSync(join(work, 'run <&>', 'confusion.png'))).width).toBeGreaterThan(400);
});

describe.skipIf(!hasChromium)('in Chromium', () => {
  test.each(['light', 'dark'] as const)('%s', async (colorScheme) => {
    const browser = await openChromium();
    try {
      const context = await browser.newContext({ colorScheme, viewport: { width: 1100, height: 800 } });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error: Error) => problems.push(error.message));
      page.on(
        'console',
        (line: { type(): string; text(): string }) => line.type() === 'error' && problems.push(line.text()),
      );
      page.on(
        'request',
        (request: { url(): string }) => /^(file|data):/.test(request.url()) || problems.push(request.url()),
      );
      await page.goto(pathToFileURL(path).href);
      await page.waitForSelector('.chart svg');
      expect(problems).toEqual([]);
      // Loss, accuracy, the confusion matrix, and the calibration.
      expect(await page.locator('.chart svg').count()).toBe(4);
      const headings = await page.locator('h2').allTextContents();
      for (const heading of [
        'Loss and accuracy',
        'Data',
        'Classes',
        'Calibration',
        'The worst mistakes',
        'Model',
        'Environment',
      ])
        expect(headings).toContain(heading);
      // A picture of its own for each mistake, which tells more when it is opened.
      const mistake = page.locator('.mistake').first();
      expect(await page.locator('.mistake img').count()).toBeGreaterThan(5);
      expect(await mistake.locator('li').first().isVisible()).toBe(false);
      await mistake.locator('summary').click();
      expect(await mistake.locator('li').first().isVisible()).toBe(true);
      const corner = PNG.sync.read(await page.screenshot()).data.subarray(0, 3);
      expect([...corner]).toEqual(colorScheme === 'light' ? [255, 255, 255] : [18, 22, 28]);
      // The charts take the scheme's colours: a label of an axis.
      const ink = await page.locator('.chart svg .role-axis-label text').first().getAttribute('fill');
      expect(ink).toBe(colorScheme === 'light' ? '#333' : '#c9d2de');
    } finally {
      await browser.close();
    }
  });

  test('on a phone nothing sticks out, on a wide screen two columns stand side by side', async () => {
    const browser = await openChromium();
    try {
      const page = await (
        await browser.newContext({ viewport: { width: 400, height: 800 }, hasTouch: true })
      ).newPage();
      await page.goto(pathToFileURL(path).href);
      await page.waitForSelector('.chart svg');
      const widths = '[document.documentElement.scrollWidth, innerWidth]';
      expect(await page.evaluate(widths)).toEqual([400, 400]);
      // With everything unfolded too.
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      expect(await page.evaluate(widths)).toEqual([400, 400]);
      const sizes = await page.evaluate(
        "[...document.querySelectorAll('.role-legend-label text')].map((one) => getComputedStyle(one).fontSize)",
      );
      expect(new Set(sizes)).toEqual(new Set(['12px']));
      // A point or a cell tells what it stands for when it is touched.
      const matrix = page.locator('section:has(h2:text-is("Confusion matrix of the validation images")) .chart');
      await matrix.locator('.mark-rect path').first().tap();
      expect(await page.locator('#tip').textContent()).toMatch(/true class0/);
      await page.setViewportSize({ width: 1600, height: 900 });
      expect(await page.evaluate(widths)).toEqual([1600, 1600]);
      const lefts = await page.evaluate(
        "[...new Set([...document.querySelectorAll('section')].map((one) => one.getBoundingClientRect().left))].length",
      );
      expect(lefts).toBe(2);
    } finally {
      await browser.close();
    }
  });
});
