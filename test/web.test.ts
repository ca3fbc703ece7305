/**
 * The page of apps/web as people open it: built, served under a path, in a browser without a GPU. It trains, answers to
 * what is drawn, goes on after a reload to the same bits, takes a file, and hands out its network.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesize, writeCompetition } from '@anke/data';
import { fromOnnx } from '@anke/exchange';
import { digitOutlines } from '@anke/files';
import { decodeWeights } from '@anke/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, NO_CHROMIUM, reader } from './chromium.js';
import {
  begin,
  beginAndPause,
  openWebPage,
  recipe,
  SECOND_EPOCH,
  type Untyped,
  type WebPage,
  watch,
  done as whenDone,
} from './web-page.js';

if (!hasChromium) console.warn(`${NO_CHROMIUM}: the page of apps/web is not opened`);

describe.skipIf(!hasChromium)('the page', () => {
  let web: WebPage;
  let page: Untyped;
  let address: string;

  const done = (): Promise<void> => whenDone(page);
  /** The network as the run of seven epochs leaves it. */
  let seven: Buffer;
  const saved = (button: string): Promise<Buffer> => web.saved(button);

  beforeAll(async () => {
    web = await openWebPage(recipe(12));
    ({ page, address } = web);
    await done();
  });

  afterAll(() => web?.close());

  test('it names the adapter, and says that it is a software one', async () => {
    expect(await page.textContent('#adapter-name')).toMatch(/swiftshader.*software/);
  });

  test('it learns to read nine of ten digits that it has not seen', async () => {
    expect(Number.parseFloat(await page.textContent('#figure-accuracy'))).toBeGreaterThanOrEqual(90);
    expect(await page.locator('#confusion tbody tr').count()).toBe(10);
    expect(await page.locator('#filters canvas').count()).toBe(8);
  });

  test('it reads a zero that is drawn with the mouse, and shows it layer by layer', async () => {
    await page.click('#layers summary');
    await page.locator('#pad').scrollIntoViewIfNeeded();
    const { x, y, width } = await page.locator('#pad').boundingBox();
    const at = (turn: number): [number, number] => [
      x + width * (0.5 + 0.25 * Math.cos(turn)),
      y + width * (0.5 + 0.28 * Math.sin(turn)),
    ];
    await page.mouse.move(...at(0));
    await page.mouse.down();
    for (let turn = 0; turn <= 6.3; turn += 0.1) await page.mouse.move(...at(turn));
    await page.mouse.up();
    await page.waitForSelector('#answer:text-is("0")');
    const shares: string[] = await page.locator('#bars .value').allTextContents();
    expect(shares.map(Number.parseFloat).reduce((a, b) => a + b)).toBeCloseTo(100, 0);
    await page.waitForSelector('.layer:nth-child(5)');
    expect(await page.locator('.layer:first-child canvas').count()).toBe(8);
  });

  test('it shows the shader of each dispatch of a step, and the plan of the memory', async () => {
    await page.click('#inside summary');
    await page.click('#dispatches button:has-text("conv2d/backward-weights")');
    expect(await page.textContent('.wgsl')).toContain('@compute');
    expect(await page.textContent('#program-line')).toMatch(/16 images: \d+ plain dispatches become \d+ by fusion/);
    expect(await page.locator('#memory rect').count()).toBeGreaterThan(5);
  });

  test('a reload resumes to the bits that a run without one comes to', async () => {
    const whole = await saved('#export-safetensors');
    // A run that is cut in two by a reload: of a shorter recipe, so that it is kept under another name.
    await page.fill('#recipe', recipe(7));
    // Without the link: what was kept is what it goes on with.
    await watch(page, 'figure-epoch', SECOND_EPOCH, `location.assign('${address}?again')`);
    await page.click('#train');
    await page.waitForURL(`${address}?again`);
    await expect.poll(() => page.title(), { timeout: 60_000 }).toBe('Anke: small');
    await done();
    const resumed = await saved('#export-safetensors');
    await begin(page, () => page.click('#afresh'));
    await done();
    seven = await saved('#export-safetensors');
    expect(Buffer.compare(seven, resumed)).toBe(0);
    expect([...decodeWeights(resumed).keys()]).toEqual([...decodeWeights(whole).keys()]);
    expect(Buffer.compare(whole, resumed)).not.toBe(0); // of more epochs
  });

  test('a device that is lost is opened again, and the run goes on to the same bits', async () => {
    await beginAndPause(page, () => page.click('#afresh')); // so that it is not over before the device is lost
    const [worker] = page.workers();
    await worker.evaluate(`{
      const { prototype } = GPUDevice;
      const { createCommandEncoder } = prototype;
      prototype.createCommandEncoder = function () {
        prototype.createCommandEncoder = createCommandEncoder;
        this.destroy();
        return this.createCommandEncoder();
      };
    }`);
    await page.click('#pause');
    await page.waitForSelector('#problems p');
    await done();
    expect(await page.locator('#problems').textContent()).toMatch(
      /The GPU device was lost \(.+\), and opened again: the run goes on after [1-6] epochs\./,
    );
    expect(Buffer.compare(await saved('#export-safetensors'), seven)).toBe(0);
  });

  test('it says what the training warns of, and how much memory it takes', async () => {
    const text = await page.inputValue('#recipe');
    const few = { ...JSON.parse(text), phases: JSON.parse(recipe(1)).phases, batchSize: 512 };
    await page.fill('#recipe', JSON.stringify(few));
    await begin(page, () => page.click('#train'));
    await page.waitForSelector('#problems p:text("a batch of 512 is more than the 400 images")');
    await done();
    expect(await page.textContent('#figure-memory')).toMatch(/^\d+ MiB$/);
    await page.fill('#recipe', text);
    await begin(page, () => page.click('#train'));
    await done();
    expect(await page.locator('#problems p').count()).toBe(0);
  });

  test('its ONNX file is the network', async () => {
    const { graph, weights } = await fromOnnx(await saved('#export-onnx'));
    const expected = decodeWeights(await saved('#export-safetensors'));
    expect(graph.nodes.map(({ layer }) => layer.type)).toEqual([
      'Conv2D',
      'MaxPooling2D',
      'Flatten',
      'Dropout',
      'Dense',
    ]);
    expect([...weights.keys()]).toEqual([...expected.keys()]);
  });

  test('onnxruntime finds the probabilities in it that the page shows', async () => {
    const { InferenceSession, Tensor } = (await reader('onnxruntime-node')).default;
    const session = await InferenceSession.create(await saved('#export-onnx'));
    for (let label = 0; label < 10; label++) {
      const isAnswered = await watch(page, 'bars', 'true');
      await page.click(`#examples li:nth-child(${label + 1}) button`);
      await isAnswered();
      const shown: number[] = await page.evaluate(
        `Array.from(document.querySelectorAll('#bars .fill'), ({ style }) =>
          Number(style.getPropertyValue('--share')))`,
      );
      const pixels: number[] = await page.evaluate(
        `(() => {
          // From a copy that is made for being read again and again; of another canvas the console would tell.
          const copy = new OffscreenCanvas(28, 28).getContext('2d', { willReadFrequently: true });
          copy.drawImage(document.getElementById('seen'), 0, 0);
          return Array.from(copy.getImageData(0, 0, 28, 28).data);
        })()`,
      );
      const image = Float32Array.from({ length: 28 * 28 }, (_, i) => (pixels[4 * i] as number) / 255);
      const { probabilities } = await session.run({ images: new Tensor('float32', image, [1, 28, 28, 1]) });
      const differences = shown.map((share, i) => Math.abs(share - probabilities.data[i]));
      expect(shown.length).toBe(10);
      expect(Math.max(...shown)).toBeGreaterThan(0.5); // probabilities that are all alike would prove nothing
      expect(Math.max(...differences)).toBeLessThan(1e-5); // as in export.test.ts
    }
  });

  test('a recipe that cannot be used is refused, as on the command line', async () => {
    const text = await page.inputValue('#recipe');
    await page.fill('#recipe', text.replace('Conv2D', 'Conv2'));
    await page.click('#train');
    await page.waitForSelector('#recipe-error:not(:empty)');
    expect(await page.textContent('#recipe-error')).toContain(
      'recipe: layers[0].type: "Conv2" is not known here (did you mean "Conv2D"?)',
    );
    expect(await page.getAttribute('#state', 'data-state')).toBe('done');
    await page.fill('#recipe', text);
  });

  test('a link whose recipe cannot be used says why, and what was kept goes on', async () => {
    await page.goto(`${address}?bad#recipe=${encodeURIComponent(recipe(1).replace('Conv2D', 'Conv2'))}`);
    await done();
    expect(await page.title()).toBe('Anke: small');
    expect(await page.textContent('#recipe-error')).toContain('"Conv2" is not known here');
  });

  test('it trains on a CSV file of people’s own, and says what is wrong with a bad one', async () => {
    const csv = join(web.folder, 'digits.csv');
    writeCompetition(await synthesize(digitOutlines(), { train: 100, test: 0, seed: 5 }), (name, content) => {
      if (name === 'train.csv') writeFileSync(csv, content);
    });
    const bad = join(web.folder, 'bad.csv');
    writeFileSync(bad, 'label,pixel0,pixel1\n1,2\n');
    await page.setInputFiles('#choose', bad);
    await page.waitForSelector('#data-error:not(:empty)');
    expect(await page.textContent('#data-error')).toMatch(/bad\.csv.*2/);
    expect(await page.textContent('#data-line')).toContain('synthetic digits'); // which still are what it has
    const packed = join(web.folder, 'bad.csv.gz');
    writeFileSync(packed, 'this is no gzip');
    await page.setInputFiles('#choose', packed);
    await page.waitForSelector('#data-error:text("bad.csv.gz: it is damaged")');
    const trains = await watch(page, 'state', "element.dataset.state === 'training'");
    await page.setInputFiles('#choose', csv);
    await page.waitForSelector('#data-line:text("20 to check with: digits.csv")');
    await trains();
  });

  test('without a network it opens again, and nothing was said or asked elsewhere', async () => {
    await page.evaluate('navigator.serviceWorker.ready');
    await page.context().setOffline(true);
    await page.goto(address);
    await page.waitForSelector('#state[data-state=done]', { timeout: 60_000 });
    await page.context().setOffline(false);
    expect(web.problems).toEqual([]);
  });
});
