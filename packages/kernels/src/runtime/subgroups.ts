/**
 * Whether a workgroup can be taken for one full subgroup, as the kernels that use subgroups do: LANES threads, where
 * the lane of a thread is its `local_invocation_index`.
 *
 * WGSL promises neither. `@subgroup_size` (feature `subgroup-size-control`) makes the compiler use that size for a
 * shader, but it says nothing about which thread is which lane. So the device runs a small shader once, when it is
 * opened: each thread writes down what it sees, and {@link judge} says whether every workgroup was one full subgroup.
 */
import { constants, subgroupEntryPoint, subgroupExtensions } from './wgsl.js';

/** What a device has shown about its subgroups. */
export interface Subgroups {
  /** Lanes, if a workgroup of so many threads is one full subgroup with its lanes in order; else 0. */
  readonly size: number;
  /** Why the size is 0. */
  readonly missing?: string;
  /** Whether shaders ask for the size by `@subgroup_size`. */
  readonly pinned: boolean;
}

const STORAGE_AND_COPY_SOURCE = 0x80 | 0x04;
const READBACK = 0x01 | 0x08; // MAP_READ | COPY_DST
const MAP_READ = 0x01;

/** More lanes than this no kernel can use; of a range of sizes, the one closest to it is asked for. */
const PREFERRED_SIZE = 32;
/** Enough that some run at the same time, on whatever the device computes with. */
const WORKGROUPS = 64;
/** What a thread writes down: see the shader. */
const WORDS = 5;

/** Finds out which subgroups a device has. */
export async function findSubgroups(device: GPUDevice, info: GPUAdapterInfo): Promise<Subgroups> {
  if (!device.features.has('subgroups')) return { size: 0, missing: 'the device has no subgroups', pinned: false };
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  const pinned = device.features.has('subgroup-size-control');
  if (least !== most && !pinned) {
    const missing = `the device has subgroups of ${least} to ${most} lanes, and its compiler chooses which`;
    return { size: 0, missing, pinned };
  }
  const size = Math.max(least, Math.min(most, PREFERRED_SIZE));
  const missing = await probe(device, size, pinned);
  return missing === undefined ? { size, pinned } : { size: 0, missing, pinned };
}

/** Runs the shader; returns what was wrong, if anything. */
async function probe(device: GPUDevice, size: number, pinned: boolean): Promise<string | undefined> {
  const bytes = WORKGROUPS * size * WORDS * 4;
  const seen = device.createBuffer({ label: 'subgroups', size: bytes, usage: STORAGE_AND_COPY_SOURCE });
  const readback = device.createBuffer({ label: 'subgroups', size: bytes, usage: READBACK });
  device.pushErrorScope('validation');
  try {
    const module = device.createShaderModule({ label: 'subgroups', code: probeWgsl(size, pinned) });
    const pipeline = await device.createComputePipelineAsync({
      label: 'subgroups',
      layout: 'auto',
      compute: { module },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: { buffer: seen } }];
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(WORKGROUPS);
    pass.end();
    encoder.copyBufferToBuffer(seen, 0, readback, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await readback.mapAsync(MAP_READ);
    return judge(new Uint32Array(readback.getMappedRange()), size);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    return `the shader that looks at subgroups did not run: ${reason}`;
  } finally {
    device.popErrorScope().catch(() => undefined);
    seen.destroy();
    readback.destroy();
  }
}

/**
 * What each thread sees: the subgroup's size, its own lane, how many lanes take part, and which threads of the whole
 * grid are the first and the last lane.
 */
const probeWgsl = (size: number, pinned: boolean): string => `${subgroupExtensions(pinned)}
${constants({ LANES: size, WORDS })}
@group(0) @binding(0) var<storage, read_write> seen: array<u32>;

${subgroupEntryPoint(pinned)}
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_size) size: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let thread = group.x * LANES + index;
  let present = countOneBits(subgroupBallot(true));
  let first = subgroupBroadcast(thread, 0u);
  let last = subgroupBroadcast(thread, LANES - 1u);
  let at = thread * WORDS;
  seen[at] = size;
  seen[at + 1u] = lane;
  seen[at + 2u] = present.x + present.y + present.z + present.w;
  seen[at + 3u] = first;
  seen[at + 4u] = last;
}`;

/** What speaks against every workgroup having been one full subgroup of `size` lanes in order, if anything. */
export function judge(seen: ArrayLike<number>, size: number): string | undefined {
  for (let thread = 0; thread * WORDS < seen.length; thread++) {
    const index = thread % size;
    const expected = [size, index, size, thread - index, thread - index + size - 1];
    const names = ['lanes of its subgroup', 'its lane', 'lanes that take part', 'the first lane', 'the last lane'];
    for (const [word, name] of names.entries()) {
      const found = seen[thread * WORDS + word];
      if (found !== expected[word]) {
        const where = `thread ${index} of a workgroup of ${size}`;
        return `a workgroup is not one full subgroup: ${where} sees ${found} as ${name}, not ${expected[word]}`;
      }
    }
  }
  return undefined;
}
