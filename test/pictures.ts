/**
 * Draws the pictures of a run at the head of the README anew, into a folder: `terminal.svg`, what people see while a
 * model trains; `report.png`, the head of that run's report; `page.png`, the page of apps/web, which has trained. Run
 * by `npm run pictures`, on Linux.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Screen, type StyledText } from '../setup/screen.mjs';
import { hasChromium, openChromium, reader, WEBGPU } from './chromium.js';

const root = join(import.meta.dirname, '..');
const main = join(root, 'apps/cli/dist/main.js');
const COLUMNS = 104;
/** The moment that is drawn: the epoch is well under way. */
const MOMENT = /Epoch +5\/\d+ [█░]+ [4-7]\d%/;

/** Runs a command in a terminal of its own to its end, and returns what was seen at the moment. */
async function seenOf(typed: string, work: string): Promise<Screen> {
  const words = [process.execPath, main, ...typed.split(' ').slice(1)].map((word) => `'${word}'`);
  // On stderr is nothing but what Dawn prints at every start.
  const command = `stty cols ${COLUMNS} rows 40; exec ${words.join(' ')} 2>/dev/null`;
  const env = { ...process.env, FORCE_COLOR: '1', ANKE_COMMAND: './anke' };
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: work,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const screen = new Screen(COLUMNS);
  let isSeen = false;
  child.stdout.setEncoding('utf8');
  for await (const data of child.stdout) {
    if (isSeen) continue;
    screen.write(data);
    isSeen = screen.lines.some((line) => MOMENT.test(line));
  }
  if (!isSeen) throw new Error('the moment that is to be drawn has not come');
  return screen;
}

const SIZE = 14;
const CELL = { width: 8.4, height: 19 };
const MARGIN = 18;
/** Of the terminal's own numbers; what has none is the text's colour. */
const COLOURS: Readonly<Record<string, string>> = {
  31: '#f07178',
  32: '#8fd19e',
  33: '#e8b35a',
  36: '#6cc7e6',
  90: '#7d8794',
};
const GROUND = '#12161c';
const INK = '#d5dbe3';

const html = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A run of signs where it stands: each as wide as a cell, whichever font draws it. */
function textOf({ text, style }: StyledText, column: number, row: number): string {
  const signs = text.trimEnd().replaceAll(' ', '\u00a0'); // SVG would join several blanks
  const numbers = style.split(' ');
  const colour = numbers.map((number) => COLOURS[number]).find((one) => one !== undefined) ?? INK;
  const look = `fill="${colour}"${numbers.includes('1') ? ' font-weight="bold"' : ''}`;
  const dim = numbers.includes('2') ? ' opacity="0.65"' : '';
  const place = `x="${(MARGIN + column * CELL.width).toFixed(1)}" y="${MARGIN + (row + 1) * CELL.height - 5}"`;
  const width = (Array.from(signs).length * CELL.width).toFixed(1);
  return `<text ${place} textLength="${width}" ${look}${dim}>${html(signs)}</text>`;
}

/** Lines as a picture, the command that was typed above them. */
function terminalSvg(typed: string, lines: readonly (readonly StyledText[])[]): string {
  const all = [
    [
      { text: '$ ', style: '32' },
      { text: typed, style: '1' },
    ],
    ...lines,
  ];
  const texts = all.flatMap((line, row) => {
    let column = 0;
    return line.flatMap((part) => {
      const at = column;
      column += Array.from(part.text).length;
      // Blanks before a word are its place.
      const blanks = /^ */.exec(part.text)?.[0].length ?? 0;
      const signs = { ...part, text: part.text.slice(blanks) };
      return signs.text.trim() === '' ? [] : [textOf(signs, at + blanks, row)];
    });
  });
  const [width, height] = [2 * MARGIN + COLUMNS * CELL.width, 2 * MARGIN + all.length * CELL.height].map(Math.ceil);
  const font = `font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>A terminal in which a model trains</title>
<rect width="100%" height="100%" rx="10" fill="${GROUND}"/>
<g ${font} font-size="${SIZE}">
${texts.join('\n')}
</g>
</svg>
`;
}

// biome-ignore lint/suspicious/noExplicitAny: playwright-core is installed for tests alone, without its types
type Untyped = any;

/** The upper part of a page as a picture, once it is ready and something was done to it. */
async function pictured(url: string, ready: string, act: (page: Untyped) => Promise<void> = async () => undefined) {
  const browser = await openChromium(WEBGPU);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    await page.waitForSelector(ready, { timeout: 600_000 });
    await act(page);
    return await page.screenshot();
  } finally {
    await browser.close();
  }
}

/** Draws a zero with the mouse, and waits for the answer. */
async function drawZero(page: Untyped): Promise<void> {
  const { x, y, width } = await page.locator('#pad').boundingBox();
  const to = (turn: number): Promise<void> =>
    page.mouse.move(x + width * (0.5 + 0.22 * Math.cos(turn)), y + width * (0.5 + 0.28 * Math.sin(turn)));
  await to(0);
  await page.mouse.down();
  for (let turn = 0; turn <= 6.3; turn += 0.1) await to(turn);
  await page.mouse.up();
  await page.waitForSelector('#answer:text-is("0")');
}

/** The page of apps/web after some epochs on digits. */
async function webPage(work: string): Promise<Uint8Array> {
  const web = join(root, 'apps/web');
  const { preview } = await reader('vite');
  const built = { outDir: join(work, 'built') };
  execFileSync(process.execPath, [join(web, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', built.outDir], {
    cwd: web,
  });
  const server = await preview({ root: web, configFile: false, logLevel: 'warn', build: built, preview: { port: 0 } });
  try {
    const recipe = {
      ...{ name: 'small', seed: 3, batchSize: 32, data: { limit: 1500 } },
      layers: [
        { type: 'Conv2D', filters: 16, kernelSize: 5, activation: 'relu' },
        { type: 'MaxPooling2D', poolSize: 2 },
        { type: 'Flatten' },
        { type: 'Dropout', rate: 0.2 },
        { type: 'Dense', units: 'classes', activation: 'softmax' },
      ],
      phases: [{ optimizer: { type: 'Adam', learningRate: 0.003 }, epochs: 8 }],
    };
    const url = `${server.resolvedUrls.local[0]}#recipe=${encodeURIComponent(JSON.stringify(recipe))}`;
    return await pictured(url, '#state[data-state=done]', drawZero);
  } finally {
    await server.close();
  }
}

const folder = process.argv[2] ?? '.';
if (!hasChromium) throw new Error('the pictures need the Chromium of test/readers, for Linux on x86-64');
const work = mkdtempSync(join(tmpdir(), 'anke pictures '));
try {
  const typed = './anke train data/digits --epochs 6 --out runs/first';
  execFileSync(process.execPath, [main, 'synth', '--out', 'data/digits', '--train', '4000', '--seed', '1'], {
    cwd: work,
  });
  const screen = await seenOf(typed, work);
  writeFileSync(join(folder, 'terminal.svg'), terminalSvg(typed, screen.styled));
  const report = pathToFileURL(join(work, 'runs/first/report.html')).href;
  writeFileSync(join(folder, 'report.png'), await pictured(report, '.chart svg'));
  writeFileSync(join(folder, 'page.png'), await webPage(work));
} finally {
  rmSync(work, { recursive: true });
}
