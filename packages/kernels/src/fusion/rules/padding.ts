/**
 * Zero padding before a convolution, ordinary or depthwise: its kernels count pixels outside the image as zero anyway,
 * so that the padded image is never written. The sums are the same, term by term; only where the images are float32
 * and the padded ones would be stored as 16 bits, they are now read without that rounding.
 *
 *   z = pad(x);  y = z ∗ w;  dW = zᵀ · dY     →   y = x ∗ w;  dW = xᵀ · dY,  with the padding among the sizes
 *   dZ = dY ∗ wᵀ;  dX = crop(dZ)              →   dX = dY ∗ wᵀ
 */
import { conv2dBackwardData } from '../../conv2d/backward-data/index.js';
import { conv2dBackwardWeights } from '../../conv2d/backward-weights/index.js';
import { conv2dForward } from '../../conv2d/forward/index.js';
import { conv2dParams } from '../../conv2d/geometry.js';
import { depthwiseBackwardData } from '../../depthwise/backward-data/index.js';
import { depthwiseBackwardWeights } from '../../depthwise/backward-weights/index.js';
import { depthwiseForward } from '../../depthwise/forward/index.js';
import { type DepthwiseParams, depthwiseParams } from '../../depthwise/geometry.js';
import { type PadParams, zeroPad, zeroPadBackward } from '../../pad/pad.js';
import type { Kernel } from '../../runtime/kernel.js';
import { coverage } from '../../window/dilation.js';
import { isOf, replace } from '../program.js';
import type { CaseBuilder, Rule } from '../rule.js';

/** Kernels that read the image. */
const READING: readonly Kernel[] = [conv2dForward, conv2dBackwardWeights, depthwiseForward, depthwiseBackwardWeights];
const WRITING: readonly Kernel[] = [conv2dBackwardData, depthwiseBackwardData];

/** What the sizes of both kinds of convolution have in common. */
type Sizes = Omit<DepthwiseParams, 'channels' | 'multiplier'>;

/**
 * The sizes of a convolution over a padded image as those of one over the image itself, if each of its windows covers
 * some of the image: the kernels expect no others.
 */
function unpadded<P extends Sizes>(p: P, { height, width, top, left }: PadParams): P | undefined {
  const [padTop, padLeft] = [p.padTop + top, p.padLeft + left];
  const covered = coverage(p);
  const isFar =
    padTop >= covered.height ||
    padLeft >= covered.width ||
    (p.outHeight - 1) * p.strideHeight - padTop >= height ||
    (p.outWidth - 1) * p.strideWidth - padLeft >= width;
  return isFar ? undefined : { ...p, height, width, padTop, padLeft };
}

export const paddingRule: Rule = {
  name: 'zero padding before a convolution',
  formula: 'y = pad(x) ∗ w; dW = pad(x)ᵀ · dY',
  anchors: READING,
  match(dispatch, program) {
    const { x: image } = dispatch.bindings;
    const padding = image && program.producer(image);
    if (!isOf(padding, zeroPad)) return undefined;
    const { x } = padding.bindings;
    if (program.writerBefore(x, dispatch) !== program.writerBefore(x, padding)) return undefined;
    const params = unpadded(dispatch.params as Sizes, padding.params);
    return params && replace(dispatch, [], dispatch.kernel, params, { ...dispatch.bindings, x });
  },
  cases: [
    { plain: 2, fused: 1, build: (builder) => ({ y: convolved(builder) }) },
    // Its first window would lie outside the image.
    { plain: 2, fused: 2, build: (builder) => ({ y: convolved(builder, 3) }) },
    {
      plain: 3,
      fused: 2,
      build(builder) {
        const { x, z, y, w, geometry } = depthwise(builder);
        builder.dispatch(zeroPad, SIDES, { x, y: z });
        builder.dispatch(depthwiseForward, { ...geometry, epilogue: { bias: false } }, { x: z, w, y });
        const dY = builder.input('dY', 2 * 4 * 4 * 6);
        const dW = builder.temporary('dW', 9 * 6);
        builder.dispatch(depthwiseBackwardWeights, { ...geometry, bias: false, decay: 0 }, { x: z, dY, dW });
        return { y, dW };
      },
    },
  ],
};

export const paddingGradientRule: Rule = {
  name: 'gradient through a convolution and the zero padding before it',
  formula: 'dX = crop(dY ∗ wᵀ)',
  anchors: [zeroPadBackward],
  match(dispatch, program) {
    if (!isOf(dispatch, zeroPadBackward)) return undefined;
    const { dY: gradient, dX } = dispatch.bindings;
    const product = program.producer(gradient);
    if (!product || !WRITING.includes(product.kernel) || !program.isReadOnlyBy(gradient, dispatch)) return undefined;
    const params = unpadded(product.params as Sizes, dispatch.params);
    // What such a product adds or masks has the padded size.
    if (!params || 'mask' in params || 'addend' in params) return undefined;
    return replace(product, [dispatch], product.kernel, params, { ...product.bindings, dX });
  },
  cases: [
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const { w, geometry, z: dZ } = depthwise(builder);
        const dX = builder.temporary('dX', 2 * 8 * 7 * 6);
        const dY = builder.input('dY', 2 * 4 * 4 * 6);
        builder.dispatch(depthwiseBackwardData, geometry, { dY, w, dX: dZ });
        builder.dispatch(zeroPadBackward, SIDES, { dY: dZ, dX });
        return { dX };
      },
    },
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const sizes = { batch: 2, height: 9, width: 9, inChannels: 6, outChannels: 5, kernel: [3, 3] } as const;
        const [dY, w] = [builder.input('dY', 2 * 7 * 7 * 5), builder.input('w', 9 * 6 * 5)];
        const [dZ, dX] = [builder.temporary('dZ', 2 * 9 * 9 * 6), builder.temporary('dX', 2 * 8 * 7 * 6)];
        builder.dispatch(conv2dBackwardData, conv2dParams(sizes), { dY, w, dX: dZ });
        builder.dispatch(zeroPadBackward, { ...SIDES, left: 2, right: 0 }, { dY: dZ, dX });
        return { dX };
      },
    },
  ],
};

/** Images of 8 × 7 pixels in a frame of 9 × 9. */
const SIDES = { batch: 2, height: 8, width: 7, channels: 6, top: 0, bottom: 1, left: 1, right: 1 };

/** A depthwise convolution with a stride of 2 over padded images, as MobileNetV2 has it. */
function depthwise(builder: CaseBuilder) {
  const geometry = depthwiseParams({ batch: 2, height: 9, width: 9, channels: 6, kernel: [3, 3], stride: [2, 2] });
  return {
    geometry,
    x: builder.input('x', 2 * 8 * 7 * 6),
    w: builder.input('w', 9 * 6),
    z: builder.temporary('z', 2 * 9 * 9 * 6),
    y: builder.temporary('y', 2 * 4 * 4 * 6),
  };
}

/** A convolution over images of 8 × 7 pixels, padded by `top` rows. */
function convolved(builder: CaseBuilder, top = 1) {
  const pixels = (8 + top) * 9;
  const size = { batch: 2, height: 8 + top, width: 9, inChannels: 6, outChannels: 5, kernel: [3, 3] } as const;
  const [x, w] = [builder.input('x', 2 * 8 * 7 * 6), builder.input('w', 9 * 6 * 5)];
  const [z, y] = [builder.temporary('z', 2 * pixels * 6), builder.temporary('y', 2 * (6 + top) * 7 * 5)];
  builder.dispatch(zeroPad, { ...SIDES, top, bottom: 0 }, { x, y: z });
  builder.dispatch(conv2dForward, { ...conv2dParams(size), epilogue: { bias: false } }, { x: z, w, y });
  return y;
}
