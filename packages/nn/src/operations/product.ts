/**
 * Operations that multiply their input by weights and add a bias: y = x · w + bias, where `·` is the product of the
 * given kernels (dense, convolution, …). The bias is optional.
 *
 *   dX = dY · wᵀ        dW = xᵀ · dY        dBias = Σ dY
 */
import type { Epilogue, Kernel, Mask } from '@anke/kernels';
import { defineOperation, type GradientContext, type Operation } from '../autograd/operation.js';
import { type Shape, storagesOf, type Tensor } from '../autograd/tensor.js';

export interface ProductInputs {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias?: Tensor | undefined;
}

/** The kernels of a product with parameters P. */
export interface Product<P extends object> {
  readonly name: string;
  readonly forward: Kernel<P & { readonly epilogue: Epilogue }, 'x' | 'w' | 'bias' | 'counters' | 'y'>;
  readonly backwardData: Kernel<P & { readonly mask?: Mask }, 'dY' | 'w' | 'x' | 'dX'>;
  readonly backwardWeights: Kernel<
    P & { readonly bias: boolean; readonly decay: number },
    'x' | 'dY' | 'w' | 'dW' | 'dBias'
  >;
  /** Shape of the output, with the batch axis. */
  outputShape(params: P): Shape;
}

export function defineProduct<P extends object>(product: Product<P>): Operation<P, ProductInputs> {
  const { name, forward, backwardData, backwardWeights } = product;

  /** The gradients of kernel and bias come out of the same dispatch. */
  const parameterGradients = (context: GradientContext<P, ProductInputs>) =>
    context.once('parameters', () => {
      const { executor, attributes, inputs, dY } = context;
      const dW = context.destination('w');
      const dBias = inputs.bias?.needsGradient ? context.destination('bias') : undefined;
      executor.dispatch(
        backwardWeights,
        { ...attributes, bias: dBias !== undefined, decay: 0 },
        { x: inputs.x.storage, dY: dY.storage, dW: dW.storage, ...storagesOf({ dBias }) },
      );
      return { dW, dBias };
    });

  return defineOperation<P, ProductInputs>({
    name,
    forward(tape, { x, w, bias }, params) {
      const y = tape.activation(name, product.outputShape(params));
      tape.executor.dispatch(
        forward,
        { ...params, epilogue: { bias: bias !== undefined } },
        { x: x.storage, w: w.storage, ...storagesOf({ bias }), y: y.storage },
      );
      return { output: y, saved: {} };
    },
    gradients: {
      w: (context) => parameterGradients(context).dW,
      bias: (context) => parameterGradients(context).dBias as Tensor,
      x({ executor, attributes, inputs, dY, destination }) {
        const dX = destination('x');
        executor.dispatch(backwardData, attributes, { dY: dY.storage, w: inputs.w.storage, dX: dX.storage });
        return dX;
      },
    },
  });
}
