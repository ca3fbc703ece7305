/**
 * From a dispatch to compiled pipelines: chooses the variant that runs it on this device, writes its shaders and has
 * the driver compile them. Pipelines are counted: one is forgotten when its last user has released it.
 */

import { type Chooser, choiceKey, type VariantRequest } from './chooser.js';
import type { StorageTypes } from './dispatch.js';
import { KernelError } from './errors.js';
import {
  type Access,
  type Grid,
  type Kernel,
  neededBindings,
  type Stage,
  type Traits,
  type Variant,
} from './kernel.js';
import { Patience, SlowCompileError } from './patience.js';
import { type Declaration, declarationsWgsl, MAX_GRID_SIDE, subgroupExtensions } from './wgsl.js';

/** A shader for one set of parameters, with its grid and the names of what it binds. */
export interface StageProgram {
  /** `kernel/variant`, to tell it apart in errors and in the driver's tools. */
  readonly label: string;
  readonly bindings: readonly Declaration[];
  /** What the shader reads as `sizes`, behind the bindings; empty if it has none. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly grid: Grid;
  readonly code: string;
}

/** The variant that was chosen for a dispatch: one shader, or two with scratch arrays between them. */
export interface VariantProgram {
  readonly variant: string;
  readonly stages: readonly StageProgram[];
  /** Float32 elements of each scratch array. */
  readonly scratch: Readonly<Record<string, number>>;
}

export interface Pipeline {
  readonly layout: GPUBindGroupLayout;
  /** Settled once the driver has compiled the shader. */
  readonly ready: Promise<GPUComputePipeline>;
}

interface Entry extends Pipeline {
  users: number;
}

const COMPUTE_STAGE = 0x04;
const BUFFER_TYPES = {
  read: 'read-only-storage',
  write: 'storage',
  update: 'storage',
  sizes: 'uniform',
} as const satisfies Record<Access | 'sizes', GPUBufferBindingType>;
const NO_TYPES: StorageTypes = {};

/** The tests allow a shader 10 seconds of a core. */
const SECONDS_TO_COMPILE = 60;

export class Compiler {
  /** By shader text and bindings. */
  readonly #pipelines = new Map<string, Entry>();
  readonly #keys = new Map<Pipeline, string>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  /** What the driver has not compiled in time: keys of choices, with the variant. */
  readonly #givenUp = new Set<string>();
  readonly patience = new Patience(SECONDS_TO_COMPILE);
  /** Is told, in a line, when a variant is given up, as the driver does not compile it. */
  onGiveUp: (line: string) => void = () => undefined;

  /**
   * @param explainFailure throws what the device has reported, if anything, when something has failed
   * @param noSubgroups why the device's subgroups cannot be used, if they cannot
   */
  constructor(
    readonly device: GPUDevice,
    readonly traits: Traits,
    readonly tuner: Pick<Chooser<never>, 'choice' | 'choose'>,
    readonly explainFailure: () => Promise<void>,
    readonly noSubgroups = 'the device has no subgroups',
  ) {}

  /** Number of pipelines in use. */
  get size(): number {
    return this.#pipelines.size;
  }

  /** Names of all variants that can run these parameters here, in order of preference. */
  available<P extends object, B extends string>(kernel: Kernel<P, B>, params: P, types = NO_TYPES): string[] {
    return Object.keys(kernel.variants).filter((name) => !this.#obstacle(kernel, params, name, types));
  }

  /** Names of the variants that may be good choices for these parameters here, in order of preference. */
  candidates<P extends object, B extends string>(kernel: Kernel<P, B>, params: P, types = NO_TYPES): string[] {
    const available = this.available(kernel, params, types);
    const suitable = available.filter((name) => kernel.variants[name]?.suits?.(params, this.traits) !== false);
    return suitable.length > 0 ? suitable : available.slice(-1);
  }

  /**
   * The name of the variant that runs these parameters here: the forced one, the tuner's choice, or the preferred one.
   *
   * @throws KernelError if the forced variant does not run here, or none does
   */
  variantOf<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    forced?: string,
    types = NO_TYPES,
  ): string {
    if (forced !== undefined) {
      const obstacle = this.#obstacle(kernel, params, forced, types);
      if (obstacle === undefined) return forced;
      const which = `no variant "${forced}" for ${JSON.stringify(params)} on this device`;
      throw new KernelError(`${kernel.name}: ${which}: ${obstacle}`);
    }
    const chosen = this.tuner.choice(kernel, params, types);
    if (chosen !== undefined && !this.#obstacle(kernel, params, chosen, types)) return chosen;
    const [preferred] = this.candidates(kernel, params, types);
    if (preferred === undefined)
      throw new KernelError(`${kernel.name}: no variant runs ${JSON.stringify(params)} on this device`);
    return preferred;
  }

  /** Why a variant cannot run here; undefined if it can. */
  #obstacle<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    name: string,
    types: StorageTypes,
  ): string | undefined {
    const variant = kernel.variants[name];
    if (!variant) return `the kernel has ${Object.keys(kernel.variants).join(', ')}`;
    if (variant.subgroups && this.traits.subgroupSize === 0) return this.noSubgroups;
    if (this.#givenUp.has(`${choiceKey(kernel, params, types)} ${name}`)) return this.#slowness();
    const stores16 = (Object.keys(kernel.bindings) as B[]).some(
      (binding) => kernel.bindings[binding].access === 'write' && types[binding] === 'f16',
    );
    if (variant.accumulates && stores16) return 'it adds to what it has written, which must be stored as 32 bits';
    if (!variant.available(params, this.traits)) return 'it is not made for these parameters or this device';
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    const scratch = Object.values(variant.join?.scratch(params, this.traits) ?? {});
    if (scratch.some((length) => length * 4 > Math.min(maxStorageBufferBindingSize, maxBufferSize)))
      return 'its scratch memory is larger than the device binds';
    const stages: readonly Stage<P>[] = variant.join ? [variant, variant.join] : [variant];
    const isSmall = stages.every((stage) => stage.grid(params, this.traits).every((side) => side <= MAX_GRID_SIDE));
    return isSmall ? undefined : 'its grid is larger than a device runs';
  }

  /** The shaders of a dispatch, with the variant that {@link variantOf} names. */
  program<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    forced?: string,
    types = NO_TYPES,
  ): VariantProgram {
    const name = this.variantOf(kernel, params, forced, types);
    const variant = kernel.variants[name] as Variant<P>;
    const { join } = variant;
    const scratch = join?.scratch(params, this.traits) ?? {};
    const declare = (binding: string, scratchAccess: Access): Declaration => {
      if (scratch[binding] !== undefined) return { name: binding, access: scratchAccess, type: 'f32' };
      const { access, type, atomic } = kernel.bindings[binding as B];
      return { name: binding, access, atomic, type: type === 'f32' && types[binding] === 'f16' ? 'f16' : type };
    };
    const stage = (part: Stage<P>, suffix: string, scratchAccess: Access): StageProgram => {
      const names = part.bindings?.(params) ?? neededBindings(kernel, params);
      const bindings = names.map((binding) => declare(binding, scratchAccess));
      const extensions = variant.subgroups ? subgroupExtensions(this.traits.pinsSubgroups) : undefined;
      const sizes = part.sizes?.(params, this.traits) ?? {};
      const declarations = declarationsWgsl(bindings, { extensions, sizes: Object.keys(sizes) });
      const code = `${declarations}${part.wgsl(params, this.traits)}`;
      return { label: `${kernel.name}/${name}${suffix}`, bindings, sizes, grid: part.grid(params, this.traits), code };
    };
    const stages = [stage(variant, '', 'write'), ...(join ? [stage(join, ' join', 'read')] : [])];
    return { variant: name, stages, scratch };
  }

  /**
   * Takes note that the driver does not compile a variant in time: it is not available from now on, and the next one
   * takes its place.
   */
  async giveUp({ kernel, params, types = NO_TYPES }: VariantRequest, variant: string): Promise<void> {
    const key = `${choiceKey(kernel, params, types)} ${variant}`;
    if (this.#givenUp.has(key)) return;
    this.#givenUp.add(key);
    const [next] = this.candidates(kernel, params, types);
    this.onGiveUp(`${kernel.name}: the variant "${variant}" is left out: ${this.#slowness()}, and may go on trying`);
    if (next !== undefined) await this.tuner.choose(kernel, params, types, next);
  }

  #slowness(): string {
    return `the driver has not compiled it within ${this.patience.seconds} seconds`;
  }

  /**
   * The compiled shader; compiled on its first use, by the driver's own threads. To be given back by {@link release}.
   */
  acquire(stage: StageProgram): Pipeline {
    const key = `${stage.bindings.map(({ access }) => access)}\n${stage.code}`;
    let entry = this.#pipelines.get(key);
    if (!entry) {
      entry = { ...this.#compile(stage), users: 0 };
      this.#pipelines.set(key, entry);
      this.#keys.set(entry, key);
    }
    entry.users++;
    return entry;
  }

  /** Gives a pipeline back. When it has no user left, it is forgotten, and the device can free it. */
  release(pipeline: Pipeline): void {
    const key = this.#keys.get(pipeline);
    const entry = key === undefined ? undefined : this.#pipelines.get(key);
    if (key === undefined || !entry || --entry.users > 0) return;
    this.#pipelines.delete(key);
    this.#keys.delete(pipeline);
  }

  #compile({ label, code, bindings, sizes }: StageProgram): Pipeline {
    const accesses = bindings.map(({ access }) => access);
    const layout = this.#bindGroupLayout([...accesses, ...(Object.keys(sizes).length > 0 ? ['sizes' as const] : [])]);
    // A faulty shader is reported once, where its pipeline is awaited.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label, code });
    this.device.popErrorScope().catch(() => undefined);
    const pipeline = this.device.createComputePipelineAsync({
      label,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module },
    });
    const ready = this.patience
      .wait(label, pipeline)
      .catch((error: unknown) => this.#explain(label, code, module, error));
    // The error is seen where the pipeline is awaited; until then it must not count as an unhandled rejection.
    ready.catch(() => undefined);
    return { layout, ready };
  }

  async #explain(label: string, code: string, module: GPUShaderModule, error: unknown): Promise<never> {
    if (error instanceof SlowCompileError) throw error;
    // If the device is lost, that is the reason, not the shader.
    await this.explainFailure();
    const { messages } = await module.getCompilationInfo().catch(() => ({ messages: [] }));
    const lines = messages
      .filter(({ type }) => type === 'error')
      .map(({ lineNum, message }) => `line ${lineNum}: ${message}: ${code.split('\n')[lineNum - 1]?.trim() ?? ''}`);
    const reason = lines.length > 0 ? lines.join('\n') : error instanceof Error ? error.message : String(error);
    throw new KernelError(`${label} does not compile: ${reason}`);
  }

  #bindGroupLayout(accesses: readonly (Access | 'sizes')[]): GPUBindGroupLayout {
    const key = accesses.map((access) => BUFFER_TYPES[access]).join(' ');
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({
        label: key,
        entries: accesses.map((access, binding) => ({
          binding,
          visibility: COMPUTE_STAGE,
          buffer: { type: BUFFER_TYPES[access] },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
