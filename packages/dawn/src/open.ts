/**
 * WebGPU under Node, through Dawn: finds an adapter that computes, and installs a software driver where there is none.
 * In this order: a real GPU, a software driver that the system has, Mesa's lavapipe, SwiftShader.
 */
import { join } from 'node:path';
import { create, globals } from 'webgpu';
import { cacheFolder } from './cache.js';
import { InterruptedError } from './command.js';
import { type Driver, hasVulkanLoader, loadDriver, readDriver } from './driver.js';
import { DriverError } from './errors.js';
import { type Installer, install } from './install.js';
import { lavapipe } from './lavapipe.js';
import { swiftShader } from './swiftshader.js';
import { restWhileWaiting } from './waiting.js';

export interface DriverReport {
  readonly adapter: GPUAdapter;
  /** Where the adapter comes from: what a browser has as `navigator.gpu`. */
  readonly gpu: GPU;
  /** A name for people: the GPU's or the software driver's. */
  readonly name: string;
  readonly kind: 'gpu' | 'software';
  /** Why this one was chosen. */
  readonly why: string;
}

type Found = Pick<DriverReport, 'adapter' | 'gpu'>;

/** Dawn's instances: dropping one would close its adapters. */
const instances: GPU[] = [];

const requestFrom = (gpu: GPU): Promise<GPUAdapter | null> =>
  gpu.requestAdapter({ powerPreference: 'high-performance' });

async function request(): Promise<Found | undefined> {
  if (!hasVulkanLoader()) return undefined;
  // Timestamps are rounded to 65 µs for the web's sake; kernels are shorter than that.
  const gpu = create(['disable-dawn-features=timestamp_quantization']);
  const adapter = await requestFrom(gpu);
  // Dawn's Null backend accepts work and does nothing.
  if (!adapter || /null/i.test(`${adapter.info.device} ${adapter.info.architecture}`)) return undefined;
  instances.push(gpu);
  return { adapter, gpu };
}

/**
 * The same adapter once more: one gives a single device, and when that is lost, the next device needs another.
 *
 * @throws DriverError if there is none any more
 */
export async function adapterAgain({ gpu, name }: DriverReport): Promise<GPUAdapter> {
  const adapter = await requestFrom(gpu);
  if (!adapter) throw new DriverError(`the adapter ${name} is not there any more`);
  return adapter;
}

function report({ adapter, gpu }: Found, why: (kind: DriverReport['kind']) => string): DriverReport {
  const { description, vendor, device, isFallbackAdapter } = adapter.info;
  const kind = isFallbackAdapter ? 'software' : 'gpu';
  return { adapter, gpu, name: description || device || vendor || 'unnamed adapter', kind, why: why(kind) };
}

/** Software drivers that can be fetched, in the order in which they are tried. */
const INSTALLERS: Readonly<Record<string, Installer>> = { lavapipe, swiftshader: swiftShader };

/**
 * Finds an adapter, installing a software driver into the user's cache if need be. The variable `ANKE_DRIVER` (lavapipe
 * or swiftshader) asks for one of these, whatever the system has.
 *
 * @param say is told, in a line each, what is installed and why
 * @throws DriverError if nothing works
 */
export async function openAdapter(say: (line: string) => void): Promise<DriverReport> {
  // The types of WebGPU's flags (GPUBufferUsage and the like) are globals in a browser.
  Object.assign(globalThis, globals);
  restWhileWaiting(globals as never);
  // Mesa's compiled shaders, also under a read-only home.
  process.env['MESA_SHADER_CACHE_DIR'] ??= cacheFolder('shaders');
  const asked = process.env['ANKE_DRIVER'] || undefined;
  const names = Object.keys(INSTALLERS).filter((name) => asked === undefined || name === asked);
  if (names.length === 0)
    throw new DriverError(`ANKE_DRIVER: "${asked}" is no driver; it can be ${Object.keys(INSTALLERS).join(' or ')}`);
  const present = asked === undefined ? await request() : undefined;
  if (present) {
    return report(present, (kind) =>
      kind === 'gpu' ? 'the system has a GPU with a driver' : 'the system has no GPU, but a software driver',
    );
  }
  const failures: string[] = [];
  const missing = hasVulkanLoader() ? 'the system has no driver that Dawn accepts' : 'the system has no Vulkan loader';
  const why = asked === undefined ? missing : `ANKE_DRIVER asks for ${asked}`;
  if (process.platform === 'linux') {
    for (const name of names) {
      const installer = INSTALLERS[name] as Installer;
      const { title } = installer;
      try {
        const folder = join(cacheFolder('vulkan'), name);
        const driver = await installed(folder, installer, why, (line) => say(`GPU driver: ${line}`));
        loadDriver(driver);
        const found = await request();
        if (found) return report(found, () => `${why}; ${title} stands in, from ${folder}`);
        failures.push(`${title}: Dawn does not accept ${driver.name}`);
      } catch (error) {
        if (error instanceof InterruptedError) throw endedBy(error.signal, title);
        failures.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
      }
      say(`GPU driver: ${failures.at(-1)}`);
    }
  }
  const advice =
    process.platform === 'linux'
      ? "install the GPU's Vulkan driver (Debian and Ubuntu: libvulkan1 and mesa-vulkan-drivers, version 23 or later)"
      : "update the GPU's driver";
  throw new DriverError(`no usable WebGPU adapter: ${[why, ...failures].join('; ')}. To go on, ${advice}.`);
}

/** The driver in a folder, which is fetched if it is not there, or not as it was installed. */
async function installed(
  folder: string,
  installer: Installer,
  why: string,
  say: (line: string) => void,
): Promise<Driver> {
  let reason = why;
  try {
    const driver = readDriver(folder);
    if (driver) return driver;
  } catch (error) {
    reason = (error as Error).message;
  }
  say(`${reason}; installing ${installer.title} into ${folder}`);
  const driver = await install(folder, installer, say);
  say(`${driver.name} is installed`);
  return driver;
}

/** Ends this process as the signal would have; where somebody else heeds the signal, it is theirs to end it. */
function endedBy(signal: NodeJS.Signals, title: string): DriverError {
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  return new DriverError(`interrupted while ${title} was installed`);
}
