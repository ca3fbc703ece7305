/** Bindings that a kernel needs because of its epilogue or its mask. */
import { counters } from '../dropout/rule.js';
import type { Binding } from '../runtime/kernel.js';
import type { Epilogue, Mask } from './epilogue.js';

/** What the dropout of an epilogue draws from. */
export const epilogueCounters = {
  ...counters,
  needed: (p) => p.epilogue.dropout !== undefined,
} as const satisfies Binding<{ readonly epilogue: Epilogue }>;

/** What a mask reads. Some elements are zero, as behind a rectifier or a dropout. */
export const maskInput = <P extends { readonly mask?: Mask }>(length: (params: P) => number) =>
  ({
    access: 'read',
    type: 'f32',
    length,
    needed: (p: P) => p.mask !== undefined,
    sample: (_, draw) => (draw.integer(4) === 0 ? 0 : draw.normal()),
  }) as const satisfies Binding<P>;
