/** A Vulkan driver in a folder of its own, loaded into this process without installing anything in the system. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** What an unpacked driver consists of. */
export interface Driver {
  /** What it is called in messages, with its version. */
  readonly name: string;
  /** The JSON file that tells the Vulkan loader about the driver. */
  readonly icd: string;
  /** The Vulkan loader and what the driver links against that the system lacks. */
  readonly libraries: readonly string[];
}

const FILE = 'driver.json';

export function readDriver(folder: string): Driver | undefined {
  const file = join(folder, FILE);
  if (!existsSync(file)) return undefined;
  try {
    const driver = JSON.parse(readFileSync(file, 'utf8')) as Driver;
    return [driver.icd, ...driver.libraries].every((path) => existsSync(path)) ? driver : undefined;
  } catch {
    return undefined;
  }
}

/** Written last, so that a folder with this file in it is a complete driver. */
export function writeDriver(folder: string, driver: Driver): void {
  writeFileSync(join(folder, FILE), JSON.stringify(driver, null, 2));
}

// glibc's RTLD_NODELETE, which Node's constants lack.
const RTLD_NODELETE = 0x1000;

/** Whether the system, or a driver loaded before, has a Vulkan loader. */
export function hasVulkanLoader(): boolean {
  return process.platform !== 'linux' || loadLibrary('libvulkan.so.1');
}

/**
 * Loads a shared library into the process and keeps it there. Node expects an addon and complains that it is none, but
 * by then the library is loaded, and code that asks for it by its name gets it: so neither LD_LIBRARY_PATH nor a second
 * process is needed.
 */
function loadLibrary(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
    return true;
  } catch (error) {
    return error instanceof Error && error.message.includes('did not self-register');
  }
}

/** Makes a driver known to the Vulkan loader of this process. */
export function loadDriver(driver: Driver): void {
  // A library can be loaded once those that it needs are loaded: repeat until nothing new loads.
  let waiting = driver.libraries;
  for (let before = Number.POSITIVE_INFINITY; waiting.length > 0 && waiting.length < before; ) {
    before = waiting.length;
    waiting = waiting.filter((path) => !loadLibrary(path));
  }
  process.env['VK_DRIVER_FILES'] = driver.icd;
  process.env['VK_ICD_FILENAMES'] = driver.icd; // the older name, for loaders before 1.3.207
}

/** Every shared library below a folder but drivers and layers. */
export function findLibraries(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => /^lib.*\.so\.\d+$/.test(entry.name) && !/^lib(vulkan_|VkLayer)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
