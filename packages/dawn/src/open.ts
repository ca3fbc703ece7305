/**
 * WebGPU under Node, through Dawn: finds an adapter that computes, and installs a software driver where there is none.
 * In this order: a real GPU, a software driver that the system has, Mesa's lavapipe, SwiftShader.
 */
import { join } from 'node:path';
import { create, globals } from 'webgpu';
import { cacheFolder } from './cache.js';
import { type Driver, hasVulkanLoader, loadDriver, readDriver } from './driver.js';
import { installLavapipe } from './lavapipe.js';
import { installSwiftShader } from './swiftshader.js';
import { restWhileWaiting } from './waiting.js';

/** No adapter was found; the message says what was tried and what to do. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}

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
  const { description, vendor, architecture, device } = adapter.info;
  const software = /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(
    [description, vendor, architecture, device].join(' '),
  );
  const kind = software ? 'software' : 'gpu';
  return { adapter, gpu, name: description || device || vendor || 'unnamed adapter', kind, why: why(kind) };
}

/**
 * Finds an adapter, installing a software driver into the user's cache if need be.
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
  const present = await request();
  if (present) {
    return report(present, (kind) =>
      kind === 'gpu' ? 'the system has a GPU with a driver' : 'the system has no GPU, but a software driver',
    );
  }
  const failures: string[] = [];
  const sources = [
    { folder: 'lavapipe', title: "Mesa's lavapipe", install: installLavapipe },
    { folder: 'swiftshader', title: 'SwiftShader', install: installSwiftShader },
  ];
  const missing = hasVulkanLoader() ? 'the system has no driver that Dawn accepts' : 'the system has no Vulkan loader';
  if (process.platform === 'linux') {
    for (const { folder, title, install } of sources) {
      try {
        const path = cacheFolder(join('drivers', folder));
        let driver: Driver | undefined = readDriver(path);
        if (!driver) {
          say(`GPU driver: ${missing}; installing ${title} into ${path}`);
          driver = await install(path, (line) => say(`GPU driver: ${line}`));
          say(`GPU driver: ${driver.name} is installed`);
        }
        loadDriver(driver);
        const found = await request();
        if (found) return report(found, () => `${missing}; ${title} stands in, from ${path}`);
        failures.push(`${title}: Dawn does not accept ${driver.name}`);
      } catch (error) {
        failures.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
      }
      say(`GPU driver: ${failures.at(-1)}`);
    }
  }
  const advice =
    process.platform === 'linux'
      ? "install the GPU's Vulkan driver (Debian and Ubuntu: libvulkan1 and mesa-vulkan-drivers, version 23 or later)"
      : "update the GPU's driver";
  throw new DriverError(`no usable WebGPU adapter: ${[missing, ...failures].join('; ')}. To go on, ${advice}.`);
}
