/**
 * y = x · w + bias where w is too large for the device to bind at once: some rows of w after the others, each with the
 * columns of x that they belong to. The bias is optional.
 *
 *   y = Σ xₚ · wₚ + bias        dXₚ = dY · wₚᵀ        dWₚ = xₚᵀ · dY        dBias = Σ dY
 */
import {
  add,
  concatChannels,
  type DenseParams,
  denseBackwardData,
  denseBackwardWeights,
  denseForward,
  type Piece,
  type Storage,
  sliceChannels,
} from '@anke/kernels';
import { defineOperation, type GradientContext, type Workspace } from '../autograd/operation.js';
import { sizeOf, storagesOf, type Tensor } from '../autograd/tensor.js';
import { ModelError } from '../errors.js';
import type { ProductInputs } from './product.js';

export interface DividedDenseParams extends DenseParams {
  /** Rows of w that are bound at once, from `rowsAtOnce`. */
  readonly rows: number;
}

/** Ranges of rows. */
const partsOf = ({ inFeatures, rows }: DividedDenseParams): readonly Piece[] =>
  Array.from({ length: Math.ceil(inFeatures / rows) }, (_, i) => {
    const offset = i * rows;
    return { offset, length: Math.min(rows, inFeatures - offset) };
  });

/** The dense product that a part is. */
const productOf = ({ batch, outFeatures }: DenseParams, { length }: Piece): DenseParams => ({
  ...{ batch, inFeatures: length, outFeatures },
});

const rowsOf = (w: Storage, { outFeatures }: DenseParams, { offset, length }: Piece): Storage =>
  w.slice(w.label, offset * outFeatures * 4, length * outFeatures * 4);

function columnsOf(tape: Workspace, x: Tensor, params: DenseParams, { offset, length: count }: Piece): Tensor {
  const { batch: rows, inFeatures: channels } = params;
  const columns = tape.activation('columns of the input', [rows, count]);
  tape.executor.dispatch(sliceChannels, { rows, channels, offset, count }, { x: x.storage, y: columns.storage });
  return columns;
}

/** The gradients of kernel and bias. */
const parameterGradients = (context: GradientContext<DividedDenseParams, ProductInputs>) =>
  context.once('parameters', () => {
    const { tape, executor, attributes: params, inputs, dY } = context;
    const dW = context.destination('w');
    if (dW.storage !== inputs.w.gradient)
      throw new ModelError(`${inputs.w.storage.label} is too large for this device to be used by two layers`);
    const dBias = inputs.bias?.needsGradient ? context.destination('bias') : undefined;
    partsOf(params).forEach((part, i) => {
      const own = i === 0 ? dBias : undefined;
      executor.dispatch(
        denseBackwardWeights,
        { ...productOf(params, part), bias: own !== undefined, decay: 0 },
        {
          x: columnsOf(tape, inputs.x, params, part).storage,
          dY: dY.storage,
          dW: rowsOf(dW.storage, params, part),
          ...storagesOf({ dBias: own }),
        },
      );
    });
    return { dW, dBias };
  });

export const dividedDense = defineOperation<DividedDenseParams, ProductInputs>({
  name: 'dividedDense',
  forward(tape, { x, w, bias }, params) {
    const { executor } = tape;
    const shape = [params.batch, params.outFeatures];
    const y = tape.activation('dense', shape);
    const parts = partsOf(params);
    let sum: Storage | undefined;
    parts.forEach((part, i) => {
      const own = i === 0 ? bias : undefined;
      const product = tape.temporary('product of some rows', shape).storage;
      executor.dispatch(
        denseForward,
        { ...productOf(params, part), epilogue: { bias: own !== undefined } },
        {
          x: columnsOf(tape, x, params, part).storage,
          w: rowsOf(w.storage, params, part),
          ...storagesOf({ bias: own }),
          y: product,
        },
      );
      if (!sum) {
        sum = product;
        return;
      }
      const total = i === parts.length - 1 ? y.storage : tape.temporary('sum of some rows', shape).storage;
      executor.dispatch(add, { length: sizeOf(shape) }, { a: sum, b: product, sum: total });
      sum = total;
    });
    return { output: y, saved: {} };
  },
  gradients: {
    w: (context) => parameterGradients(context).dW,
    bias: (context) => parameterGradients(context).dBias as Tensor,
    x({ tape, executor, attributes: params, inputs, dY, destination }) {
      const { batch: rows } = params;
      const dX = destination('x');
      const parts = partsOf(params);
      let joined: Storage | undefined;
      parts.forEach((part, i) => {
        const columns = tape.temporary('gradient of some columns', [rows, part.length]).storage;
        const bindings = { dY: dY.storage, w: rowsOf(inputs.w.storage, params, part), dX: columns };
        executor.dispatch(denseBackwardData, productOf(params, part), bindings);
        if (!joined) {
          joined = columns;
          return;
        }
        const channels = { aChannels: part.offset, bChannels: part.length };
        const whole = [rows, part.offset + part.length];
        const y = i === parts.length - 1 ? dX.storage : tape.temporary('gradient of some columns', whole).storage;
        executor.dispatch(concatChannels, { rows, ...channels }, { a: joined, b: columns, y });
        joined = y;
      });
      return dX;
    },
  },
});
