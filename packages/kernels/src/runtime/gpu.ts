import { DeviceError, KernelError } from './errors.js';
import { halve } from './half.js';
import type { Kernel, Traits, Variant } from './kernel.js';
import { Storage } from './storage.js';

/** A compiled variant of a kernel for one set of parameters. */
export interface Pipeline {
  readonly kernel: string;
  readonly variant: string;
  readonly layout: GPUBindGroupLayout;
  readonly grid: readonly [number, number, number];
  /** Settled once the driver has compiled the shader. */
  readonly ready: Promise<GPUComputePipeline>;
}

/** A dispatch whose variant is to be chosen. */
export interface VariantRequest {
  readonly kernel: Kernel;
  readonly params: object;
  /** Names of the bindings that hold float16. */
  readonly halves?: readonly string[];
}

/** Knows which variants are fast on a device: see `Tuner`. */
export interface Chooser {
  /** The choices that were asked for, by kernel and parameters: to be kept with a run. */
  readonly used: Readonly<Record<string, string>>;
  choice(kernel: { readonly name: string }, params: object, halves?: readonly string[]): string | undefined;
  /** Chooses where it has not yet; calls `onDone` after each request. */
  tune(gpu: Gpu, requests: readonly VariantRequest[], onDone?: () => void): Promise<void>;
}

/** Leaves every choice to the kernels' own order of preference. */
const NO_CHOOSER: Chooser = {
  used: {},
  choice: () => undefined,
  tune: async (_, requests, onDone) => {
    for (const _request of requests) onDone?.();
  },
};

const STORAGE_USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST
const READBACK_USAGE = 0x01 | 0x08; // MAP_READ | COPY_DST
const MAP_READ = 0x01;
const COMPUTE_STAGE = 0x04;

/**
 * The device that kernels run on: it chooses variants, compiles each shader once, makes buffers and moves bytes. It
 * comes in from outside as a WebGPU adapter, so that the same code runs in a browser and in Node.
 */
export class Gpu {
  readonly traits: Traits;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #failure: Error | undefined;
  /** Whether its owner has given it back. */
  #closed = false;

  private constructor(
    readonly device: GPUDevice,
    readonly info: GPUAdapterInfo,
    readonly tuner: Chooser,
  ) {
    const { subgroupMinSize, subgroupMaxSize } = info;
    this.traits = {
      subgroupSize:
        device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? (subgroupMinSize ?? 0) : 0,
      maxWorkgroupStorage: device.limits.maxComputeWorkgroupStorageSize,
      maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
    };
    device.onuncapturederror = ({ error }) => {
      this.#failure ??= new DeviceError(error.message);
    };
    void device.lost.then(({ reason, message }) => {
      if (!this.#closed) this.#failure = new DeviceError(`the GPU device was lost: ${message || reason}`);
    });
  }

  /**
   * Opens a device on `adapter` with the features and the limits that the kernels can use.
   *
   * @param tuner chooses between variants; without one, each kernel's own order of preference does
   * @throws DeviceError if the adapter gives no device
   */
  static async open(adapter: GPUAdapter, tuner: Chooser = NO_CHOOSER): Promise<Gpu> {
    const wanted: GPUFeatureName[] = ['subgroups', 'timestamp-query', 'shader-f16'];
    const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const device = await adapter
      .requestDevice({
        requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
        requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
      })
      .catch((error: unknown) => {
        throw new DeviceError(`the adapter gave no device: ${error instanceof Error ? error.message : String(error)}`);
      });
    return new Gpu(device, adapter.info, tuner);
  }

  /** Names of the variants that may be good choices for these parameters here, in order of preference. */
  candidates<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    halves: readonly string[] = [],
  ): string[] {
    const available = Object.entries<Variant<P>>(kernel.variants).filter(([name]) =>
      this.#canRun(kernel, params, name, halves),
    );
    const suitable = available.filter(([, { suits }]) => suits?.(params, this.traits) !== false);
    return (suitable.length > 0 ? suitable : available.slice(-1)).map(([name]) => name);
  }

  /** The name of the variant that runs these parameters here: the forced one, the tuner's choice, or the preferred one. */
  variantOf<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    forced?: string,
    halves: readonly string[] = [],
  ): string {
    const available = (name: string): boolean => this.#canRun(kernel, params, name, halves);
    if (forced !== undefined) {
      if (!available(forced)) {
        throw new KernelError(`${kernel.name}: no variant "${forced}" for ${JSON.stringify(params)} on this device`);
      }
      return forced;
    }
    const chosen = this.tuner.choice(kernel, params, halves);
    if (chosen !== undefined && available(chosen)) return chosen;
    const [preferred] = this.candidates(kernel, params, halves);
    if (preferred === undefined)
      throw new KernelError(`${kernel.name}: no variant runs ${JSON.stringify(params)} on this device`);
    return preferred;
  }

  /** Whether a variant runs these parameters here, with some bindings in float16. */
  #canRun<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    name: string,
    halves: readonly string[],
  ): boolean {
    const variant = kernel.variants[name];
    if (variant?.available(params, this.traits) !== true) return false;
    return halves.length === 0 || halved(kernel, variant.wgsl(params, this.traits), halves) !== undefined;
  }

  /** The compiled kernel; compiled on its first use, by the driver's own threads. */
  pipeline<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    forced?: string,
    halves: readonly string[] = [],
  ): Pipeline {
    const name = this.variantOf(kernel, params, forced, halves);
    const key = `${kernel.name}/${name}/${JSON.stringify(params)}/${halves}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(kernel, params, name, kernel.variants[name] as Variant<P>, halves);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  #compile<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    name: string,
    variant: Variant<P>,
    halves: readonly string[],
  ): Pipeline {
    const label = `${kernel.name}/${name}`;
    const source = variant.wgsl(params, this.traits);
    checkBindings(label, kernel, source);
    const code = halves.length === 0 ? source : (halved(kernel, source, halves) as string);
    const layout = this.#bindGroupLayout(
      Object.values<{ access: string }>(kernel.bindings).map(({ access }) => access),
    );
    // A faulty shader is reported once, where its pipeline is awaited.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label, code });
    void this.device.popErrorScope();
    const ready = this.device
      .createComputePipelineAsync({
        label,
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module },
      })
      .catch(async (error: unknown) => {
        const { messages } = await module.getCompilationInfo();
        const lines = messages
          .filter(({ type }) => type === 'error')
          .map(({ lineNum, message }) => `line ${lineNum}: ${message}: ${code.split('\n')[lineNum - 1]?.trim() ?? ''}`);
        const reason = lines.length > 0 ? lines.join('\n') : error instanceof Error ? error.message : String(error);
        throw new KernelError(`${label} does not compile for ${JSON.stringify(params)}: ${reason}`);
      });
    // Whoever needs the pipeline awaits it and sees the error; until then it is not an unhandled one.
    ready.catch(() => undefined);
    return { kernel: kernel.name, variant: name, layout, grid: variant.grid(params, this.traits), ready };
  }

  #bindGroupLayout(accesses: readonly string[]): GPUBindGroupLayout {
    const key = accesses.map((access) => (access === 'read' ? 'r' : 'w')).join('');
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({
        entries: accesses.map((access, binding) => ({
          binding,
          visibility: COMPUTE_STAGE,
          buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /**
   * New device memory. Its content is zero until something is written.
   *
   * @param half whether it is to hold float16 instead of float32
   * @throws DeviceError if the device's limits do not allow a binding of that size
   */
  storage(label: string, bytes: number, half = false): Storage {
    const limit = Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
    if (bytes > limit) {
      const mib = (size: number): string => `${(size / 2 ** 20).toFixed(0)} MiB`;
      throw new DeviceError(
        `"${label}" needs ${mib(bytes)}, but this device binds at most ${mib(limit)} at once; use a smaller batch or fewer images`,
      );
    }
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    return new Storage(label, size, this.device.createBuffer({ label, size, usage: STORAGE_USAGE }), 0, half);
  }

  /** New device memory that holds `data`. */
  upload(label: string, data: Float32Array | Uint32Array | Uint8Array): Storage {
    const storage = this.storage(label, data.byteLength);
    this.write(storage, data);
    return storage;
  }

  /** Copies `data` to the start of `storage`, before everything that is submitted later. */
  write(storage: Storage, data: Float32Array | Uint32Array | Uint8Array): void {
    if (data.byteLength > storage.bytes) {
      throw new KernelError(`${data.byteLength} bytes do not fit into "${storage.label}", which has ${storage.bytes}`);
    }
    const whole = data.byteLength - (data.byteLength % 4);
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const buffer = bufferOf(storage);
    if (whole > 0) this.device.queue.writeBuffer(buffer, storage.offset, bytes, 0, whole);
    if (whole < bytes.length) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(buffer, storage.offset + whole, tail);
    }
  }

  /** Copies between buffers of the device, before everything that is submitted later. */
  copy(from: Storage, to: Storage): void {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(bufferOf(from), from.offset, bufferOf(to), to.offset, Math.min(from.bytes, to.bytes));
    this.device.queue.submit([encoder.finish()]);
  }

  /** The bytes of `storage` once all submitted work is done. */
  async read(storage: Storage): Promise<ArrayBuffer> {
    const readback = this.device.createBuffer({ label: 'readback', size: storage.bytes, usage: READBACK_USAGE });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(bufferOf(storage), storage.offset, readback, 0, storage.bytes);
      this.device.queue.submit([encoder.finish()]);
      await this.#explained(`reading "${storage.label}"`, readback.mapAsync(MAP_READ));
      return readback.getMappedRange().slice(0);
    } finally {
      readback.destroy();
    }
  }

  async readFloats(storage: Storage): Promise<Float32Array> {
    return new Float32Array(await this.read(storage));
  }

  async readWords(storage: Storage): Promise<Uint32Array> {
    return new Uint32Array(await this.read(storage));
  }

  /** Waits until all submitted work is done. */
  async finish(): Promise<void> {
    await this.#explained('waiting for the device', this.device.queue.onSubmittedWorkDone());
  }

  /** @throws DeviceError that says why the device failed, if it is known */
  async #explained(what: string, work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      // Why a device was lost is told a moment after its work has failed.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.check();
      throw new DeviceError(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.check();
  }

  /** @throws the first error that the device has reported since it was opened, if any */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  destroy(): void {
    this.#closed = true;
    this.device.destroy();
  }
}

/** @throws KernelError if the storage belongs to a recording that has not been planned */
export function bufferOf(storage: Storage): GPUBuffer {
  if (!storage.buffer) throw new KernelError(`"${storage.label}" has no memory yet: its recording is not finished`);
  return storage.buffer;
}

/**
 * A shader with the named bindings in float16; undefined if it keeps sums in one of them.
 *
 * @throws KernelError if one of them is changed in place, which would round it again and again
 */
function halved<P extends object, B extends string>(
  { name, bindings }: Kernel<P, B>,
  code: string,
  halves: readonly string[],
): string | undefined {
  const accessOf = (half: string): string => bindings[half as B].access;
  const updated = halves.find((half) => accessOf(half) === 'update');
  if (updated !== undefined) throw new KernelError(`${name}: "${updated}" is changed in place and cannot be float16`);
  return halve(
    code,
    halves.filter((half) => accessOf(half) === 'read'),
    halves.filter((half) => accessOf(half) === 'write'),
  );
}

/** A shader and its kernel must name the same bindings with the same access, in the same order. */
function checkBindings(
  label: string,
  kernel: { readonly bindings: Readonly<Record<string, { readonly access: string; readonly type: string }>> },
  code: string,
): void {
  const declared = Object.entries(kernel.bindings).map(
    ([name, { access, type }], i) => `${i} ${access === 'read' ? 'read' : 'read_write'} ${name} ${type}`,
  );
  const pattern = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*(\w+)>\s*(\w+)\s*:\s*array<(\w+)>/g;
  const written = Array.from(
    code.matchAll(pattern),
    ([, index, access, name, type]) => `${index} ${access} ${name} ${type}`,
  );
  if (declared.join('; ') !== written.join('; ')) {
    throw new KernelError(`${label}: the kernel declares [${declared.join('; ')}], its shader [${written.join('; ')}]`);
  }
}
