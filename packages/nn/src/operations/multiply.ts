/**
 * y = a · b, where b is as large as a, or is repeated along some of a's axes:
 *
 *   y[o, l, i] = a[o, l, i] · b[o, i]      dA = dY · b      dB[o, i] = Σ_l dY[o, l, i] · a[o, l, i]
 */
import { multiply as kernel, type MultiplyParams, sum } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

export const multiply = defineOperation<MultiplyParams, { readonly a: Tensor; readonly b: Tensor }>({
  name: 'multiply',
  forward(tape, { a, b }, params) {
    const y = tape.activation('product', a.shape);
    tape.executor.dispatch(kernel, params, { a: a.storage, b: b.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    a({ executor, attributes, inputs, dY, destination }) {
      const dA = destination('a');
      executor.dispatch(kernel, attributes, { a: dY.storage, b: inputs.b.storage, y: dA.storage });
      return dA;
    },
    b({ tape, executor, attributes, inputs, dY, destination }) {
      const dB = destination('b');
      const { outer, length, inner } = attributes;
      const products = length === 1 ? dB : tape.temporary('products', inputs.a.shape);
      const each = { outer, length: 1, inner: length * inner };
      executor.dispatch(kernel, each, { a: dY.storage, b: inputs.a.storage, y: products.storage });
      if (length > 1) executor.dispatch(sum, { ...attributes, factor: 1 }, { x: products.storage, y: dB.storage });
      return dB;
    },
  },
});
