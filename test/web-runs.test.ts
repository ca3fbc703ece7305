/**
 * What the page of apps/web keeps and checks: runs in a table, over one another, in other tabs, as archives that the
 * command line opens and back; recipes as a form; the device against a golden run; and all of it for everybody.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { synthesize, writeCompetition } from '@anke/data';
import { DEFAULT_LIMITS, digitOutlines, unpack } from '@anke/files';
import { decodeWeights } from '@anke/nn';
import { SealedStore, type Store } from '@anke/training';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, NO_CHROMIUM } from './chromium.js';
import { anke, work } from './command-line.js';
import {
  begin,
  beginAndPause,
  done,
  recipe as longRecipe,
  openWebPage,
  type Untyped,
  type WebPage,
  watch,
} from './web-page.js';

if (!hasChromium) console.warn(`${NO_CHROMIUM}: the page of apps/web is not opened`);

/** What is learned does not matter here. */
const recipe = (epochs: number, filters?: number): string => longRecipe(epochs, { filters, limit: 100 });

const readers = createRequire(join(import.meta.dirname, 'readers/package.json'));

const goldenFile = (name: string): string => join(import.meta.dirname, `../../shared/golden/${name}.safetensors`);
const hasGolden = existsSync(goldenFile('residual')) && existsSync(goldenFile('notebook-cnn'));
if (!hasGolden) console.log(`Skipped: golden runs in the page, as ${goldenFile('…')} is absent.`);

/** Writes an archive and unpacks it, by another reader than the page's; returns the folder. */
async function unpacked(name: string, archive: Buffer): Promise<string> {
  const folder = join(work, name);
  writeFileSync(`${folder}.zip`, archive);
  await unpack(`${folder}.zip`, folder, '', DEFAULT_LIMITS);
  return folder;
}

/** Writes synthetic digits as a CSV file, and returns its path. */
async function digitsCsv(count: number, seed: number): Promise<string> {
  const digits = await synthesize(digitOutlines(), { train: count, test: 0, seed });
  const csv = join(work, `${count}.csv`);
  writeCompetition(digits, (file, content) => file === 'train.csv' && writeFileSync(csv, content));
  return csv;
}

/** What a run of the page leaves. */
const RUN_FILES = [
  'checkpoint/even.safetensors',
  'checkpoint/odd.safetensors',
  'data.json',
  'history.csv',
  'kernels.json',
  'model.json',
  'model.safetensors',
  'recipe.json',
];

const storeOf = (folder: string): Store => ({
  read: async (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined),
  write: async () => undefined,
});

describe.skipIf(!hasChromium)('the page', () => {
  let web: WebPage;
  let page: Untyped;

  const trainBy = (text: string) => async (): Promise<void> => {
    await page.fill('#recipe', text);
    await page.click('#train');
  };
  const train = (text: string): Promise<void> => begin(page, trainBy(text));
  const layerTypes = async (): Promise<string[]> =>
    JSON.parse(await page.inputValue('#recipe')).layers.map(({ type }: { type: string }) => type);

  beforeAll(async () => {
    web = await openWebPage(recipe(3));
    ({ page } = web);
    await done(page);
  });

  afterAll(() => web?.close());

  test('the form writes into the recipe’s text, and marks what the check refuses', async () => {
    const filters = page.locator('[data-path="layers[0].filters"]');
    await filters.fill('none');
    await page.waitForSelector('#recipe-check.error:text("layers[0].filters")');
    expect(await filters.getAttribute('aria-invalid')).toBe('true');
    await filters.fill('6');
    // 5 · 5 · 6 + 6 of the convolution, 12 · 12 · 6 · 10 + 10 of the dense layer.
    await page.waitForSelector('#recipe-check:text("It can be trained: 8,806 weights.")');
    expect(await filters.getAttribute('aria-invalid')).toBeNull();
    expect(JSON.parse(await page.inputValue('#recipe')).layers[0].filters).toBe(6);
    await page.click('button[aria-label="Remove Dropout dropout"]');
    await page.selectOption('select[data-focus=add]', 'BatchNormalization');
    await page.click('button[aria-label="Add this layer"]');
    expect(await layerTypes()).toEqual(['Conv2D', 'MaxPooling2D', 'Flatten', 'BatchNormalization', 'Dense']);
    await page.selectOption('[data-path="phases[0].optimizer.type"]', 'SGD');
    expect(JSON.parse(await page.inputValue('#recipe')).phases[0].optimizer).toEqual({ type: 'SGD' });
    await page.fill('[data-path="phases[0].optimizer.momentum"]', '2');
    await page.waitForSelector('#recipe-check.error:text("momentum")');
  });

  test('a slider of the augmentation shows what it makes of images', async () => {
    await page.fill('#recipe', recipe(3));
    const slider = page.locator('[data-path="augmentation.rotationRange"]');
    await slider.fill('40');
    expect(JSON.parse(await page.inputValue('#recipe')).augmentation).toEqual({ rotationRange: 40 });
    await page.waitForSelector('#augmented-rows li:nth-child(4)');
    const drawn: string[] = await page.evaluate(
      "Array.from(document.querySelectorAll('#augmented-rows li:first-child canvas'), (each) => each.toDataURL())",
    );
    expect(new Set(drawn).size).toBe(8); // the image, and seven that are turned otherwise
    await slider.fill('0');
    await page.waitForSelector('#augmented', { state: 'hidden' });
    expect(JSON.parse(await page.inputValue('#recipe')).augmentation).toBeUndefined();
  });

  test('a built-in recipe can be chosen, of another model too', async () => {
    await page.selectOption('#built-in', 'mobilenetv2');
    await expect.poll(layerTypes, { timeout: 60_000 }).toContain('DepthwiseConv2D');
    // MobileNetV2 of α = 0.35, for ten classes.
    await page.waitForSelector('#recipe-check:text("It can be trained: 423,018 weights.")');
    expect(await page.getAttribute('#state', 'data-state')).toBe('done'); // nothing trains by itself
  });

  test('runs are in a table, and their curves over one another', async () => {
    await train(recipe(2, 6));
    await done(page);
    await page.waitForSelector('#runs-rows tr:nth-child(2)');
    expect(await page.locator('#runs-rows tr').allTextContents()).toEqual([
      expect.stringMatching(/^small \w+synthetic digits2 of 2.*open/),
      expect.stringMatching(/^small \w+synthetic digits3 of 3.*Open/),
    ]);
    for (const row of [1, 2]) await page.check(`#runs-rows tr:nth-child(${row}) input`);
    expect(await page.locator('#runs-accuracy path').count()).toBe(2);
    expect(await page.locator('#runs-legend li').count()).toBe(2);
  });

  test('a run’s archive is its folder as the command line opens it', async () => {
    const folder = await unpacked('packed', await web.saved('#runs-rows .is-open button:text("Zip")'));
    const [name = ''] = readdirSync(folder);
    expect(anke(['runs', folder]).stdout).toMatch(/small-\w+ .*%\s+2 .*finished/);
    const sums = readFileSync(join(folder, name, 'SHA256SUMS'), 'utf8').matchAll(/^\w{64} {2}(.+)$/gm);
    expect(Array.from(sums, ([, file]) => file).sort()).toEqual(RUN_FILES);
    expect(await new SealedStore(storeOf(join(folder, name))).damage()).toEqual([]);
    const model = decodeWeights(readFileSync(join(folder, name, 'model.safetensors')));
    expect(model).toEqual(decodeWeights(await web.saved('#export-safetensors')));
    expect(anke(['evaluate', join(folder, name), await digitsCsv(50, 9)]).stdout).toContain('accuracy');
  });

  test('the command line comes to the same bits, on the driver that the browser has', async () => {
    const [name = ''] = readdirSync(join(work, 'packed'));
    const run = join(work, 'packed', name);
    const again = ['--recipe', join(run, 'recipe.json'), '--no-tune', '--out', 'again'];
    // The same package brings both the browser and this driver.
    const environment = { ANKE_DRIVER: 'swiftshader' };
    const { status, stderr } = anke(['train', await digitsCsv(100, 3), ...again], environment);
    expect(status, stderr).toBe(0);
    const [page, node] = [run, join(work, 'again')].map((folder) => readFileSync(join(folder, 'model.safetensors')));
    expect(Buffer.compare(page as Buffer, node as Buffer)).toBe(0);
  });

  test('its TensorFlow.js archive holds the layers and their weights', async () => {
    const folder = await unpacked('tensorflowjs', await web.saved('#export-tensorflowjs'));
    const { modelTopology } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
    expect(modelTopology.model_config.config.layers.at(-1).config.units).toBe(10);
    expect(readFileSync(join(folder, 'weights.bin')).length).toBe(4 * 8806);
  });

  test('an archive of a run that is under way is a run again, and goes on to the same bits', async () => {
    await beginAndPause(page, trainBy(recipe(16, 4)));
    const archive = join(work, 'under way.zip');
    writeFileSync(archive, await web.saved('#runs-rows .is-open button:text("Zip")'));
    await page.click('#pause');
    await done(page);
    const whole = await web.saved('#export-safetensors');
    await train(recipe(1));
    await done(page);
    await page.click('#runs-rows tr:has-text("of 16") button:text("Delete")');
    await page.waitForSelector('#runs-note:text("Deleted.")');
    expect(await page.locator('#runs-rows tr:has-text("of 16")').count()).toBe(0);
    await page.setInputFiles('#choose', archive);
    await page.waitForSelector('#runs-note:text-matches("small has come in with ([1-9]|1[0-5]) epochs")');
    await begin(page, () => page.click('#runs-rows tr:has-text("of 16") button:text("Open")'));
    await done(page);
    expect(Buffer.compare(await web.saved('#export-safetensors'), whole)).toBe(0);
  });

  test('a damaged archive of a run is refused, and names the file', async () => {
    const archive = await web.saved('#runs-rows .is-open button:text("Zip")');
    const at = archive.indexOf('"images"');
    archive.write('9', at + 10); // zip's own checksum tells it first
    const path = join(work, 'damaged.zip');
    writeFileSync(path, archive);
    await page.setInputFiles('#choose', path);
    await page.waitForSelector('#data-error:text-matches("damaged.zip.*data.json.*checksum is wrong")');
  });

  test('another tab waits for a run that this one trains, and then goes on with it', async () => {
    await beginAndPause(page, trainBy(recipe(30, 3))); // so that it is not over before the other tab is there
    const other = await web.tab();
    await other.goto(web.address);
    await other.waitForSelector('#state[data-state=waiting]');
    expect(await other.textContent('#data-line')).toContain('Another tab of this browser trains this run');
    const goesOn = await watch(other, 'state', "element.dataset.state === 'training'");
    await train(recipe(1));
    await goesOn();
    await done(page);
    await other.close();
  });

  test('the device agrees with the CPU’s float64, within the bounds of anke verify', async () => {
    await page.click('#verify');
    await page.waitForSelector('#verify-result .verdict', { timeout: 100_000 });
    expect(await page.textContent('#verify-result .verdict')).toBe('This device computes correctly.');
    expect(await page.locator('#verify-result tbody th').allTextContents()).toEqual([
      'logits',
      'gradients',
      'averages',
      'Adam losses',
      'SGD losses',
      'Adam weights',
      'SGD weights',
      'Adam logits',
      'SGD logits',
    ]);
  });

  test.skipIf(!hasGolden).each(['residual', 'notebook-cnn'])(
    'a golden run that is dropped: %s',
    async (name) => {
      const isShown = await watch(page, 'verify-result', "element.querySelector('.verdict')");
      // What the browser makes of a file that is dropped, but for the hand.
      await page.evaluate(
        ([file, base64]: string[]) => {
          const dataTransfer = new DataTransfer();
          const bytes = Uint8Array.from(atob(base64 as string), (sign) => sign.charCodeAt(0));
          dataTransfer.items.add(new File([bytes], file as string));
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        },
        [`${name}.safetensors`, readFileSync(goldenFile(name), 'base64')],
      );
      await isShown();
      expect(await page.textContent('#verify-result')).toContain(`${name}.safetensors: `);
      expect(await page.textContent('#verify-result .verdict')).toBe('This device computes correctly.');
      const node = anke(['verify', goldenFile(name)], { ANKE_DRIVER: 'swiftshader' }).stdout;
      const errors = (text: string): string[] => text.match(/\d\.\de[+-]\d+/g) ?? [];
      const cells: string[] = await page.locator('#verify-result tbody td').allTextContents();
      expect(errors(cells.join(' '))).toEqual(errors(node));
    },
    300_000,
  );

  test('a golden run that is none is refused', async () => {
    const file = join(work, 'none.safetensors');
    writeFileSync(file, 'no golden run at all');
    await page.setInputFiles('#verify-file', file);
    await page.waitForSelector('#verify-line.error:text("none.safetensors")');
  });

  test('a long network is drawn in pieces, and a wrong layer of a later piece is marked', async () => {
    await page.evaluate(`{
      globalThis.pieces = [];
      const observer = new MutationObserver((changes) => {
        const added = changes.flatMap(({ addedNodes }) => Array.from(addedNodes));
        const within = (node) => [...node.querySelectorAll('.layer-rows li')];
        const rows = added.flatMap((node) => (node.matches('li') ? [node] : within(node)));
        if (rows.length > 0) pieces.push(rows.length);
      });
      observer.observe(document.getElementById('recipe-form'), { childList: true, subtree: true });
    }`);
    await page.selectOption('#built-in', 'mobilenetv2');
    await expect.poll(layerTypes, { timeout: 60_000 }).toContain('DepthwiseConv2D');
    const text = await page.inputValue('#recipe');
    const layers: Untyped[] = JSON.parse(text).layers;
    const at = layers.findLastIndex(({ type }) => type === 'Conv2D');
    await page.waitForSelector(`.layer-rows li:nth-child(${layers.length})`, { state: 'attached' });
    const pieces: number[] = await page.evaluate('pieces');
    expect(pieces.reduce((a, b) => a + b)).toBe(layers.length);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(20);
    layers[at].filters = 'none';
    await page.fill('#recipe', JSON.stringify({ ...JSON.parse(text), layers }));
    await page.waitForSelector(`[data-path="layers[${at}].filters"][aria-invalid]`, { state: 'attached' });
  });

  test('what comes later has its place, so that nothing below it moves', async () => {
    await page.reload();
    await done(page);
    await page.click('#examples button');
    const heights = (): Promise<number[]> =>
      page.evaluate("['layers', 'inside'].map((id) => document.getElementById(id).offsetHeight)");
    // They are told that they are open later: nothing is in them yet.
    const [layers, inside]: number[] = await page.evaluate(`['layers', 'inside'].map((id) => {
      document.getElementById(id).open = true;
      return document.getElementById(id).offsetHeight;
    })`);
    await page.waitForSelector('.wgsl');
    await page.waitForSelector('.layer:nth-child(5)');
    const [layersThen, insideThen] = await heights();
    expect(layersThen).toBe(layers);
    // What grows beyond the window moves nothing that is seen.
    expect(insideThen).toBeGreaterThanOrEqual(inside as number);
    expect(inside).toBeGreaterThanOrEqual(page.viewportSize().height);
  });

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ])('axe finds nothing serious, %s, %d pixels wide', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 720 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
    await page.waitForSelector('.wgsl');
    await page.evaluate(readFileSync(readers.resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate('axe.run()');
    const serious = violations.filter(({ impact }: Untyped) => ['serious', 'critical'].includes(impact));
    expect(serious.map(({ id, nodes }: Untyped) => [id, nodes.map(({ html }: Untyped) => html)])).toEqual([]);
  });

  test('nothing was said on the console, or asked elsewhere', () => {
    expect(web.problems).toEqual([]);
  });
});
