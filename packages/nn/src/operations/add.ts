/** sum = a + b */
import { add as kernel } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export const add = defineOperation<object, { readonly a: Tensor; readonly b: Tensor }>({
  name: 'add',
  forward(tape, { a, b }) {
    const y = tape.activation('sum', a.shape);
    const bindings = { a: a.storage, b: b.storage, sum: y.storage };
    tape.executor.dispatch(kernel, { length: sizeOf(a.shape) }, bindings);
    return { output: y, saved: {} };
  },
  gradients: { a: ({ dY }) => dY, b: ({ dY }) => dY },
});
