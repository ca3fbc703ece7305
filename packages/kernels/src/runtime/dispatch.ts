/** A kernel with its parameters and its memory: the unit that operations send, passes rewrite, and executors run. */
import { KernelError } from './errors.js';
import { type Kernel, neededBindings } from './kernel.js';
import { elementBytes, type Storage, type StorageType } from './storage.js';

export interface Dispatch {
  readonly kernel: Kernel;
  readonly params: object;
  /** Memory of the bindings that the parameters need. */
  readonly bindings: Readonly<Record<string, Storage>>;
  /** The variant, if one is forced. */
  readonly variant?: string | undefined;
}

/** How the bindings of a dispatch are stored, by name. */
export type StorageTypes = Readonly<Record<string, StorageType>>;

export const storageTypes = ({ bindings }: Pick<Dispatch, 'bindings'>): StorageTypes =>
  Object.fromEntries(Object.entries(bindings).map(([name, { type }]) => [name, type]));

/**
 * A dispatch whose needed bindings were all checked: present, large enough, of a fitting type. Others are dropped.
 *
 * @throws KernelError that names the kernel, the binding and what it needs
 */
export function checkedDispatch<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
  bindings: Readonly<Partial<Record<B, Storage>>>,
  variant?: string,
): Dispatch {
  const checked: Record<string, Storage> = {};
  for (const name of neededBindings(kernel, params)) {
    const { access, type, length } = kernel.bindings[name];
    const storage = bindings[name];
    const fail = (what: string): never => {
      throw new KernelError(`${kernel.name}: binding "${name}" ${what} (${JSON.stringify(params)})`);
    };
    if (!storage) return fail('is missing');
    const bytes = length.call(kernel.bindings[name], params) * elementBytes(storage.type);
    if (storage.bytes < bytes) fail(`needs ${bytes} bytes, but "${storage.label}" has ${storage.bytes}`);
    if (storage.type === 'f16' && type === 'u32') fail(`holds integers, but "${storage.label}" holds 16-bit floats`);
    if (storage.type === 'f16' && access === 'update')
      fail(`is changed in place: as 16-bit floats, "${storage.label}" would be rounded again and again`);
    checked[name] = storage;
  }
  return { kernel, params, bindings: checked, variant };
}
