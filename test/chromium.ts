/** The Chromium that tests open pages in: the package of test/readers, unpacked once and driven by playwright-core. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const readers = join(root, 'test/readers');
const load = createRequire(join(readers, 'package.json'));

/** Whether there is a browser here: the package holds one for Linux on x86-64 alone. */
export const hasChromium =
  existsSync(join(readers, 'node_modules')) && process.platform === 'linux' && process.arch === 'x64';
export const NO_CHROMIUM =
  'test/readers is not installed (npm test does it), or its Chromium is not made for this system';

/** Flags with which a headless Chromium offers WebGPU on a machine without a GPU: on its own SwiftShader. */
export const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** A package of test/readers, whichever form of module it has. */
export const reader = async (name: string) => await import(pathToFileURL(load.resolve(name)).href);

/**
 * Unpacks the browser, with SwiftShader and the Vulkan loader beside it, and returns the folder. Test files run side by
 * side: each that finds no folder unpacks one of its own, and the first to be done gives its folder the common name.
 */
export async function chromiumFolder(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(readers, 'node_modules/@sparticuz/chromium/package.json'), 'utf8'));
  const folder = join(root, '.cache', `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(join(root, '.cache'), { recursive: true });
  const own = mkdtempSync(`${folder}-`);
  const { default: packed } = await reader('@sparticuz/chromium');
  const temporary = process.env['TMPDIR'];
  try {
    // The package unpacks into the system's temporary folder, and knows no other.
    process.env['TMPDIR'] = own;
    await packed.executablePath();
  } finally {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
  }
  try {
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Starts the browser, without a window. The caller closes it. */
export async function openChromium(flags: readonly string[] = []) {
  const executablePath = join(await chromiumFolder(), 'chromium');
  return await load('playwright-core').chromium.launch({ executablePath, args: [...flags], headless: true });
}
