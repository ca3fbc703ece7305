/**
 * `pnpm web-soak [--minutes 30]`: trains the page's first recipe in Chromium for so long, while somebody draws, and
 * says whether memory stays level: what the browser's processes hold, by their kinds, and the page's own heap. Ends
 * with exit code 1 if one of them grows. It reads /proc, so it runs on Linux.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { optionsOf } from './arguments.mjs';
import { openWebPage } from './web-page.js';

const USAGE = `pnpm web-soak: whether the page's memory stays level

  --minutes N   trains for so long (30)`;
const { minutes } = optionsOf(USAGE, { minutes: { type: 'string', default: '30' } }, { minutes: 'positive' }) as {
  readonly minutes: string;
};

const SAMPLES = 40;
/** How much the median of the last quarter may be above that of the second one, in MiB: processes rise and fall. */
const ALLOWED = 32;

/** MiB of this process's children, by what Chromium calls their kinds; what processes share is shared out. */
function held(): Record<'renderer' | 'gpu-process', number> {
  const found = { renderer: 0, 'gpu-process': 0 };
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, kind] = /--type=(renderer|gpu-process)[ \0]/.exec(readFileSync(`/proc/${id}/cmdline`, 'utf8')) ?? [];
      if (!kind || !isDescendant(id)) continue;
      const [, pss] = /^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8')) ?? [];
      found[kind as keyof typeof found] += Number(pss) / 1024;
    } catch {
      // It has just ended.
    }
  }
  if (!found.renderer || !found['gpu-process']) throw new Error('the processes of the browser are not found');
  return found;
}

function isDescendant(id: string): boolean {
  for (let at = id; at !== '0' && at !== ''; ) {
    if (at === String(process.pid)) return true;
    // The parent is the second field behind the name, which may hold anything.
    at = readFileSync(`/proc/${at}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] ?? '';
  }
  return false;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const web = await openWebPage('');
const { page } = web;
try {
  // Longer than anybody waits.
  await page.waitForSelector('#state[data-state=training]', { timeout: 300_000 });
  const text = JSON.parse(await page.inputValue('#recipe'));
  await page.fill('#recipe', JSON.stringify({ ...text, phases: [{ ...text.phases[0], epochs: 100_000 }] }));
  await page.click('#train');
  await page.waitForSelector('#figure-epoch:text-matches("of 100000")', { timeout: 300_000 });
  await page.click('#layers summary');
  const samples: Record<string, number>[] = [];
  for (let i = 1; i <= SAMPLES; i++) {
    const until = performance.now() + (60_000 * Number(minutes)) / SAMPLES;
    do {
      await page.click(`#examples li:nth-child(${(samples.length % 10) + 1}) button`);
      await wait(1000);
    } while (performance.now() < until);
    const heap = (await page.evaluate('performance.memory.usedJSHeapSize')) / 2 ** 20;
    const sample = { ...held(), heap };
    samples.push(sample);
    const told = Object.entries(sample).map(([name, size]) => `${name} ${size.toFixed(0)} MiB`);
    const at = `${((i * Number(minutes)) / SAMPLES).toFixed(1)} min, epoch ${await page.textContent('#figure-epoch')}`;
    console.log(`${at}: ${told.join(', ')}`);
  }
  const quarter = (from: number, name: string): number =>
    median(samples.slice(from, from + SAMPLES / 4).map((sample) => sample[name] as number));
  for (const name of Object.keys(samples[0] as object)) {
    const [before, after] = [quarter(SAMPLES / 4, name), quarter((3 * SAMPLES) / 4, name)];
    const grows = after > before + ALLOWED;
    if (grows) process.exitCode = 1;
    console.log(`${name}: ${before.toFixed(0)} → ${after.toFixed(0)} MiB, ${grows ? 'which grows' : 'level'}`);
  }
  if (web.problems.length > 0) {
    process.exitCode = 1;
    console.log(`The page said: ${web.problems.join('; ')}`);
  }
} finally {
  await web.close();
}
