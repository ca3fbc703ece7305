/**
 * dropout: y = x / (1 − rate) where a random number is at least `rate`, else 0 (Srivastava et al., *Dropout*, JMLR
 * 2014, in the inverted form). Its gradient is the same kernel on dY, run before the counters advance: the same numbers
 * are drawn again, so that no mask is kept.
 *
 * The random words come from Philox4x32-10 (see @anke/random), with the seed and the layer's number as the key and
 * (element / 4, step, 0, 1) as the counter (`rule.ts`). Step and seed are read from the device, so that a recorded step
 * draws new numbers each time, and no shader depends on a seed. A thread draws one block for four elements.
 * Timed by `pnpm anke bench kernels --filter dropout`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { counters, type DropoutRule, dropoutReference, dropoutWgsl } from './rule.js';

export interface DropoutParams extends DropoutRule {
  readonly length: number;
}

const length = (p: DropoutParams): number => p.length;
const blocks = (p: DropoutParams): number => Math.ceil(p.length / 4);
const bindings = {
  x: { access: 'read', type: 'f32', length },
  counters,
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
${constants({ LENGTH: p.length, BLOCKS: blocks(p), ROW: flatRow(blocks(p)) })}
${dropoutWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let block = thread.y * ROW + thread.x;
  if (block >= BLOCKS) { return; }
  let random = words(block);
  for (var j = 0u; j < 4u; j++) {
    let i = block * 4u + j;
    if (i < LENGTH) { y[i] = y_t(select(0.0, f32(x[i]) * KEPT_SCALE, random[j] >= DROP_BELOW)); }
  }
}`,
    },
  },
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(bindings, p) }),
  // The scale and the product are rounded.
  terms: () => 2,
  reference: (p, { x, counters }) => ({ y: dropoutReference(p, x, counters) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [1, 3, 7, 33, 65, 129, 32 * 128].flatMap((n, i) => [
    { length: n, rate: 0.5, layer: 3 },
    { length: n, rate: 0.1, layer: i },
  ]),
});
