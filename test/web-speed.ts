/**
 * `pnpm web-speed [--seconds 60]`: what the page costs those who open it, in Chromium without a GPU. What it loads
 * until it trains; when it is painted and when it trains; then, for so long, the gaps between animation frames, tasks
 * of the page's own thread that take more than 50 ms, and how far things move by themselves.
 */
import { gzipSync } from 'node:zlib';
import { optionsOf } from './arguments.mjs';
import { openWebPage, type Untyped } from './web-page.js';

const USAGE = `pnpm web-speed: what the page loads, when it trains, and how smoothly

  --seconds N   looks at the training for so long (60)`;
const { seconds } = optionsOf(USAGE, { seconds: { type: 'string', default: '60' } }, { seconds: 'positive' }) as {
  readonly seconds: string;
};

/** Runs in the page before anything else. */
const WATCH = `
  globalThis.seen = { gaps: [], tasks: [], shifts: [] };
  let last = performance.now();
  requestAnimationFrame(function frame() {
    const now = performance.now();
    seen.gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  });
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  watch('longtask', ({ duration }) => seen.tasks.push(duration));
  watch('layout-shift', ({ value, hadRecentInput }) => hadRecentInput || seen.shifts.push(value));
`;

interface Seen {
  readonly gaps: readonly number[];
  readonly tasks: readonly number[];
  readonly shifts: readonly number[];
}

const web = await openWebPage('');
try {
  // A browser that has nothing of the page yet, and keeps nothing for later: only what is needed is loaded.
  const context = await web.page.context().browser().newContext({ serviceWorkers: 'block' });
  await web.page.close();
  const page: Untyped = await context.newPage();
  page.setDefaultTimeout(300_000); // longer than anybody waits
  const loaded: Promise<readonly [url: string, gzip: number]>[] = [];
  page.on('response', (response: Untyped) => {
    if (!/^(blob|data):/.test(response.url()))
      loaded.push(response.body().then((body: Buffer) => [response.url(), gzipSync(body).length] as const));
  });
  await page.addInitScript(WATCH);
  const started = performance.now();
  await page.goto(web.address);
  await page.waitForSelector('#state[data-state=training]');
  const untilTraining = performance.now() - started;
  const files = await Promise.all(loaded);
  const bytes = files.reduce((sum, [, gzip]) => sum + gzip, 0);
  console.log(`Until it trains: ${files.length} requests, ${(bytes / 1000).toFixed(0)} kB by gzip`);
  for (const [url, gzip] of [...files].sort((a, b) => b[1] - a[1]))
    console.log(`  ${(gzip / 1000).toFixed(1).padStart(6)} kB  ${url.slice(web.address.length) || 'the page'}`);
  const painted: number = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime");
  console.log(`First paint after ${painted.toFixed(0)} ms; it trains after ${(untilTraining / 1000).toFixed(1)} s`);
  const tell = (what: string, { gaps, tasks, shifts }: Seen): void => {
    const longest = [...gaps].sort((a, b) => b - a);
    const share = longest[Math.floor(longest.length / 100)] as number;
    console.log(
      `${what}: ${gaps.length} frames, the longest gap ${longest[0]?.toFixed(0)} ms, 99% within ` +
        `${share.toFixed(0)} ms; ` +
        `${tasks.length} tasks over 50 ms (${tasks.map((task) => task.toFixed(0)).join(', ') || 'none'}); ` +
        `moved by ${shifts.reduce((a, b) => a + b, 0).toFixed(3)}`,
    );
  };
  const taken = 'Object.assign({}, seen, (seen = { gaps: [], tasks: [], shifts: [] }, {}))';
  tell('Opening', await page.evaluate(taken));
  await page.waitForTimeout(1000 * Number(seconds));
  tell(
    `Training for ${seconds} s, ${await page.textContent('#figure-speed')} images a second`,
    await page.evaluate(taken),
  );
  await page.click('#inside summary');
  await page.waitForSelector('#dispatches button');
  await page.waitForTimeout(1000);
  tell('Looking inside a step', await page.evaluate(taken));
  await page.selectOption('#built-in', 'mobilenetv2');
  await page.waitForSelector('.layer-rows li:nth-child(100)', { state: 'attached' });
  await page.waitForTimeout(1000);
  tell('Choosing a network of 155 layers', await page.evaluate(taken));
} finally {
  await web.close();
}
