/**
 * dropout: y = x / (1 − rate) where a random number is at least `rate`, else 0 (Srivastava et al., *Dropout*, JMLR 2014,
 * in the inverted form). The same kernel with the same key and step is its gradient, so that no mask is kept. Float32.
 *
 * The random words come from Philox4x32-10 (see @anke/random), with the seed and the layer's number as the key and
 * (element / 4, step, 0, 1) as the counter (`rule.ts`). The step is read from the device, so that a recorded step draws new numbers
 * each time. A thread draws one block for four elements. Timed by `pnpm anke bench kernels --filter dropout`.
 */
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';
import { type DropoutRule, dropoutReference, dropoutWgsl } from './rule.js';

export interface DropoutParams extends DropoutRule {
  readonly length: number;
  /** Steps that the counter has moved on since the forward pass: 1 for the gradient, as the loss counts the step. */
  readonly past: number;
}

const length = (p: DropoutParams): number => p.length;
const blocks = (p: DropoutParams): number => Math.ceil(p.length / 4);
const bindings = {
  x: { access: 'read', type: 'f32', length },
  step: { access: 'read', type: 'u32', length: () => 1, sample: (_, draw) => 1 + draw.integer(1000) },
  y: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<DropoutParams>>;

export const dropout = defineKernel<DropoutParams, keyof typeof bindings>({
  name: 'dropout',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(blocks(p)),
      wgsl: (p) => `
${constants({ LENGTH: p.length, BLOCKS: blocks(p), ROW: flatRow(blocks(p)), PAST: p.past })}
${dropoutWgsl(p)}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let block = thread.y * ROW + thread.x;
  if (block >= BLOCKS) { return; }
  let random = words(block, step[0] - PAST);
  for (var j = 0u; j < 4u; j++) {
    let i = block * 4u + j;
    if (i < LENGTH) { y[i] = select(0.0, x[i] * KEPT_SCALE, random[j] >= DROP_BELOW); }
  }
}`,
    },
  },
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(bindings, p) }),
  // The scale and the product are rounded.
  terms: () => 2,
  reference: (p, { x, step }) => ({ y: dropoutReference(p, x, (step[0] as number) - p.past) }),
  cases: [1, 3, 7, 33, 65, 129, 32 * 128].flatMap((n, i) => [
    { length: n, rate: 0.5, seed: 42 + i, layer: 3, past: 0 },
    { length: n, rate: 0.1, seed: 0xfffffffe, layer: i, past: 1 },
  ]),
});
