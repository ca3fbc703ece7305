/** Images resampled to another size, by bilinear interpolation or by the nearest pixel. */
import {
  type ResizeParams,
  resizeBilinear,
  resizeBilinearBackward,
  resizeNearest,
  resizeNearestBackward,
} from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

const KERNELS = {
  bilinear: { forward: resizeBilinear, backward: resizeBilinearBackward },
  nearest: { forward: resizeNearest, backward: resizeNearestBackward },
} as const;

export type Interpolation = keyof typeof KERNELS;

export interface ResizeAttributes {
  readonly params: ResizeParams;
  readonly interpolation: Interpolation;
}

export const resize = defineOperation<ResizeAttributes, { readonly x: Tensor }>({
  name: 'resize',
  forward(tape, { x }, { params, interpolation }) {
    const y = tape.activation('resized', [params.batch, params.outHeight, params.outWidth, params.channels]);
    tape.executor.dispatch(KERNELS[interpolation].forward, params, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes: { params, interpolation }, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(KERNELS[interpolation].backward, params, { dY: dY.storage, dX: dX.storage });
      return dX;
    },
  },
});
