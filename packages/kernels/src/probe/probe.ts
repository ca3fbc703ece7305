/**
 * A device's peak rates: one kernel only multiplies and adds, another only copies. The benchmarks compare every other
 * kernel with them. Timed by `pnpm anke bench kernels --filter probe`.
 */
import { absolute, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface FmaParams {
  /** Threads, each with an element. */
  readonly length: number;
  /** Rounds of {@link UNROLLED} multiply-adds in each of {@link CHAINS} chains, none of which waits for another. */
  readonly rounds: number;
}

const CHAINS = 8;
const UNROLLED = 8;
const FACTOR = 0.5;
const length = (p: { readonly length: number }): number => p.length;

const chains = Array.from({ length: CHAINS }, (_, k) => `v${k}`);
const starts = chains.map((chain, k) => `  var ${chain} = start + ${k}.0;`).join('\n');
const multiplyAdds = chains.map((chain) => `    ${chain} = fma(${chain}, FACTOR, start);`).join('\n');
const round = Array.from({ length: UNROLLED }, () => multiplyAdds).join('\n');

const fmaBindings = {
  x: { access: 'read', type: 'f32', length },
  y: { access: 'write', type: 'f32', length },
} as const;

/** y = Σ over 8 chains k of v_k, where v_k starts at x + k and becomes v_k / 2 + x, eight times a round. */
export const probeFma = defineKernel<FmaParams, keyof typeof fmaBindings>({
  name: 'probe/fma',
  bindings: fmaBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({ LENGTH: p.length, ROW: flatRow(p.length), ROUNDS: p.rounds, FACTOR: { f32: FACTOR } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  let start = x[i];
${starts}
  for (var round = 0u; round < ROUNDS; round++) {
${round}
  }
  y[i] = ${chains.join(' + ')};
}`,
    },
  },
  cost: (p) => ({ flops: 2 * CHAINS * UNROLLED * p.rounds * p.length, bytes: bindingBytes(fmaBindings, p) }),
  // Each round halves the errors of those before.
  terms: () => 4 + CHAINS,
  reference: (p, { x }) => ({
    y: x.map((start) => {
      let total = 0;
      for (let k = 0; k < CHAINS; k++) {
        let v = start + k;
        for (let round = 0; round < p.rounds * UNROLLED; round++) v = v * FACTOR + start;
        total += v;
      }
      return total;
    }),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [
    { length: 1, rounds: 1 },
    { length: 129, rounds: 7 },
    { length: 4096, rounds: 64 },
  ],
});

const copyBindings = {
  x: { access: 'read', type: 'f32', length },
  y: { access: 'write', type: 'f32', length },
} as const;

/** Elements of one thread: on a CPU, starting a workgroup costs as much as copying some dozens. */
const RUN = 16;
const copyThreads = (p: { readonly length: number }): number => Math.ceil(p.length / (64 * RUN)) * 64;

/** y = x; a workgroup copies a stretch of 64 · `RUN` elements, neighbouring threads neighbouring ones. */
export const probeCopy = defineKernel<{ readonly length: number }, keyof typeof copyBindings>({
  name: 'probe/copy',
  bindings: copyBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(copyThreads(p)),
      wgsl: (p) => `
${constants({ LENGTH: p.length, GROUPS: flatGrid(copyThreads(p))[0], RUN })}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = (group.y * GROUPS + group.x) * 64u * RUN + thread;
  for (var k = 0u; k < RUN; k++) {
    let i = first + k * 64u;
    if (i < LENGTH) { y[i] = x[i]; }
  }
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(copyBindings, p) }),
  terms: () => 0,
  reference: (_, { x }) => ({ y: x }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [{ length: 1 }, { length: 129 }, { length: 2 ** 20 + 3 }],
});
