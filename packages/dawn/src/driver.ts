/** A Vulkan driver in a folder of its own, loaded into this process without installing anything in the system. */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { checkFiles, describeFiles, type Manifest } from './manifest.js';

/** What an unpacked driver consists of. */
export interface Driver {
  /** What it is called in messages, with its version. */
  readonly name: string;
  /** The JSON file that tells the Vulkan loader about the driver. */
  readonly icd: string;
  /** The Vulkan loader and what the driver links against that the system lacks. */
  readonly libraries: readonly string[];
}

/** How a driver is written down, with paths below its folder, so that the folder can be moved. */
interface Description extends Driver {
  readonly files: Manifest;
}

const FILE = 'driver.json';
const ICD = 'icd.json';

/**
 * The driver in a folder; undefined if there is none.
 *
 * @throws if it is damaged, or others may have changed it
 */
export function readDriver(folder: string): Driver | undefined {
  if (!existsSync(folder)) return undefined;
  let description: Description;
  try {
    description = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as Description;
    checkFiles(folder, description.files);
  } catch (error) {
    throw new Error(`the driver in ${folder} is damaged: ${(error as Error).message}`);
  }
  const { name, icd, libraries } = description;
  return { name, icd: join(folder, icd), libraries: libraries.map((path) => join(folder, path)) };
}

/**
 * Describes the driver that has been unpacked into `root` below a folder, so that `readDriver` finds it there.
 *
 * @param library the name of the file that is the driver itself
 * @throws if that file is not there
 */
export function describeDriver(folder: string, name: string, library: string, version: string): void {
  const found = readdirSync(join(folder, 'root'), { recursive: true, withFileTypes: true }).find(
    (entry) => entry.name === library,
  );
  if (!found) throw new Error(`the package holds no ${library}`);
  // The Vulkan loader takes a path that begins with a dot as one beside the file that it reads it from.
  const path = `./${relative(folder, join(found.parentPath, library))}`;
  writeFileSync(
    join(folder, ICD),
    JSON.stringify({ ICD: { api_version: version, library_path: path }, file_format_version: '1.0.0' }),
  );
  const libraries = findLibraries(join(folder, 'root')).map((file) => relative(folder, file));
  const files = describeFiles(folder, [ICD, path, ...libraries]);
  const description: Description = { name, icd: ICD, libraries, files };
  writeFileSync(join(folder, FILE), JSON.stringify(description, null, 2));
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

/** Every shared library below a folder but drivers and layers: the files themselves, where links lead to them. */
function findLibraries(folder: string): string[] {
  const named = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => /^lib.*\.so\.\d+$/.test(entry.name) && !/^lib(vulkan_|VkLayer)/.test(entry.name))
    .map((entry) => realpathSync(join(entry.parentPath, entry.name)));
  return [...new Set(named)];
}
