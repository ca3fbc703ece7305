/**
 * augment: takes a batch out of a data set as `gather` does, each image moved, turned, sheared, zoomed, flipped and
 * brightened at random, as Keras's ImageDataGenerator does (keras/src/legacy/preprocessing/image.py), and distorted
 * (`elastic.ts`) and changed in its strokes, contrast, noise and by an erased rectangle (`tone.ts`). Images are
 * (height, width, channels), pixels bytes or float32, X float32.
 *
 *   X[b, r, c, k] = min(brightness · value, 255) · factor + offset,    value = pixels[row_b] at (r', c')
 *
 *   ( r' )         ( r − o_r )       ( t_r )
 *   (    ) = o + A (         ) + R · (     ) + D(r, c),    A = R · S · Z,    o = ((height − 1) / 2, (width − 1) / 2)
 *   ( c' )         ( c − o_c )       ( t_c )
 *
 *       ( cos θ  −sin θ )       ( 1  −sin φ )       ( z_r   0  )
 *   R = (               )   S = (           )   Z = (          )
 *       ( sin θ   cos θ )       ( 0   cos φ )       (  0   z_c )
 *
 * The value is interpolated bilinearly between the four neighbours, in each channel by itself. Flips replace r by
 * height − 1 − r and c by width − 1 − c before the transformation. Beyond the image's edge, as in SciPy's
 * affine_transform (order 1): `constant` gives cval, `nearest` the edge, `reflect` (abc|cba) the mirror image, `wrap`
 * continues at the other edge, where the last and the first pixel coincide (period n − 1). Keras brightens with Pillow,
 * which rounds down to bytes before and after; this kernel does not round. Pixels that are numbers have no largest
 * value: there, brightness only multiplies.
 *
 * Each image draws its numbers by Philox with the seed as its key and (4 · b + block, step, 0, 2) as the counter; seed
 * and step are read from the device. A workgroup of 64 threads computes an image, each thread every 64th pixel. Each
 * thread draws the image's numbers itself, which is faster than a barrier. Only the points of the elastic distortion's
 * grid and the mean that contrast goes by are shared. Sine and cosine are polynomials, because WGSL promises no more
 * than 11 bits of its own.
 * What is not asked for is a constant that switches its lines off: they take no time and change no bit.
 * Timed by `pnpm anke bench kernels --filter gather/augment`.
 */
import { PHILOX_WGSL, STREAMS } from '../random/philox.js';
import { defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { AUGMENT_CASES } from './augment-cases.js';
import { augmentMagnitudes, augmentReference } from './augment-reference.js';
import type { AugmentParams } from './augmentation.js';
import { elasticWgsl } from './elastic.js';
import { gather, pixelWgsl, rescaledWgsl, rescalingConstants } from './gather.js';
import { THREADS, toneWgsl } from './tone.js';

/** Of a value, once it is known where it comes from: interpolation, brightness, rescaling. */
const ROUNDINGS = 16;

/** WGSL of a shift in pixels, drawn by `word`; `other` draws the sign of one from a list. */
function shiftWgsl(shift: number | readonly number[], word: string, other: string): string {
  const f32 = (value: number): string => `f32(${Math.fround(value)})`;
  if (typeof shift === 'number') return `between(${f32(-shift)}, ${f32(shift)}, ${word})`;
  const chosen = `array<f32, ${shift.length}>(${shift.map(f32)})[((${word} >> 16u) * ${shift.length}u) >> 16u]`;
  return `${chosen} * select(-1.0, 1.0, ${other} >= 0x80000000u)`;
}

export const augment = defineKernel<AugmentParams, keyof typeof gather.bindings>({
  name: 'gather/augment',
  bindings: gather.bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.batch, 1),
      wgsl: (p) => {
        const { batch, rowLength, stride, floats = false, factor, offset, shape, augmentation: a } = p;
        return `
${constants({
  BATCH: batch,
  ROW: flatRow(batch, 1),
  ROW_LENGTH: rowLength,
  STRIDE: stride,
  HEIGHT: { i32: shape[0] },
  WIDTH: { i32: shape[1] },
  CHANNELS: { i32: shape[2] },
  THREADS,
  ...rescalingConstants({ factor, offset }),
  FLOATS: floats,
  ALIKE: p.alike === true,
  STREAM: STREAMS.augment,
  ROTATION_TURNS: { f32: a.rotation / 360 },
  SHEAR_TURNS: { f32: a.shear / 360 },
  LEAST_ZOOM: { f32: a.zoom[0] },
  MOST_ZOOM: { f32: a.zoom[1] },
  HORIZONTAL_FLIP: a.horizontalFlip,
  VERTICAL_FLIP: a.verticalFlip,
  LEAST_BRIGHTNESS: { f32: a.brightness[0] },
  MOST_BRIGHTNESS: { f32: a.brightness[1] },
  CONSTANT: a.fillMode === 'constant',
  REFLECT: a.fillMode === 'reflect',
  WRAP: a.fillMode === 'wrap',
  CVAL: { f32: a.cval },
  // Whether threads tell one another something.
  SHARED: a.elastic !== undefined || a.contrast !== undefined,
  TONES: a.contrast !== undefined || (a.noise ?? 0) > 0,
})}
${PHILOX_WGSL}

fn words(image: u32, block: u32) -> vec4u {
  return philox(vec4u(4u * image + block, counters[0], 0u, STREAM), vec2u(counters[2], 0u));
}

fn between(low: f32, high: f32, word: u32) -> f32 {
  return low + (high - low) * (f32(word >> 8u) * 0x1p-24);
}

/// sin(2π · turns), by Taylor's series to the eleventh power within a quarter turn.
fn sine(turns: f32) -> f32 {
  let t = turns - round(turns);
  let quarter = select(t, sign(t) * 0.5 - t, abs(t) > 0.25);
  let a = quarter * 6.283185307179586;
  let s = a * a;
  return a * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * (1.0 / 362880.0 - s / 39916800.0)))));
}

/// 1 − 2 sin²(angle / 2): exactly 1 where the angle is 0, so that an image without rotation stays as it is.
fn cosine(turns: f32) -> f32 {
  let half = sine(turns * 0.5);
  return 1.0 - 2.0 * half * half;
}

/// A coordinate moved into the image by the fill mode. With reflect it stays: neighbour mirrors each pixel's index.
fn onto(coordinate: f32, size: i32) -> f32 {
  let last = f32(size - 1);
  if (REFLECT) { return coordinate; }
  if (WRAP && (coordinate < 0.0 || coordinate > last)) {
    let period = max(last, 1.0);
    return clamp(coordinate - floor(coordinate / period) * period, 0.0, last);
  }
  return clamp(coordinate, 0.0, last);
}

fn neighbour(i: i32, size: i32) -> i32 {
  if (!REFLECT) { return min(i, size - 1); }
  let period = 2 * size;
  let folded = ((i % period) + period) % period;
  return min(folded, period - 1 - folded);
}

fn pixelAt(place: u32) -> f32 {
  return ${pixelWgsl('place', { floats })};
}

fn pixel(start: u32, r: i32, c: i32, k: i32) -> f32 {
  return pixelAt(start + u32((r * WIDTH + c) * CHANNELS + k));
}

/// What lies at a place between pixels.
fn valueAt(start: u32, source: vec2f, k: i32) -> f32 {
  let inside = source.x >= 0.0 && source.x <= f32(HEIGHT - 1) && source.y >= 0.0 && source.y <= f32(WIDTH - 1);
  if (CONSTANT && !inside) { return CVAL; }
  let at = vec2f(onto(source.x, HEIGHT), onto(source.y, WIDTH));
  let corner = vec2i(floor(at));
  let part = at - floor(at);
  let top = neighbour(corner.x, HEIGHT);
  let bottom = neighbour(corner.x + 1, HEIGHT);
  let left = neighbour(corner.y, WIDTH);
  let right = neighbour(corner.y + 1, WIDTH);
  let upper = mix(pixel(start, top, left, k), pixel(start, top, right, k), part.y);
  let lower = mix(pixel(start, bottom, left, k), pixel(start, bottom, right, k), part.y);
  return mix(upper, lower, part.x);
}
${elasticWgsl(p)}
${toneWgsl(p)}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let b = group.y * ROW + group.x;
  if (b >= BATCH) { return; }
  let row = order[counters[1] * STRIDE + b];
  if (local == 0u) { y[b] = labels[row]; }

  let image = select(b, 0u, ALIKE);
  let first = words(image, 0u);
  let second = words(image, 1u);
  let third = words(image, 2u);
  let theta = between(-ROTATION_TURNS, ROTATION_TURNS, first.x);
  let shiftRow = ${shiftWgsl(a.heightShift, 'first.y', 'third.y')};
  let shiftColumn = ${shiftWgsl(a.widthShift, 'first.z', 'third.z')};
  let phi = between(-SHEAR_TURNS, SHEAR_TURNS, first.w);
  let zoomRow = between(LEAST_ZOOM, MOST_ZOOM, second.x);
  let zoomColumn = between(LEAST_ZOOM, MOST_ZOOM, second.y);
  let flipColumns = HORIZONTAL_FLIP && second.z < 0x80000000u;
  let flipRows = VERTICAL_FLIP && second.w < 0x80000000u;
  let brightness = between(LEAST_BRIGHTNESS, MOST_BRIGHTNESS, third.x);

  let sinTheta = sine(theta);
  let cosTheta = cosine(theta);
  let sinPhi = sine(phi);
  let cosPhi = cosine(phi);
  let rotation = mat2x2f(cosTheta, sinTheta, -sinTheta, cosTheta);
  let shear = mat2x2f(1.0, 0.0, -sinPhi, cosPhi);
  let zoom = mat2x2f(zoomRow, 0.0, 0.0, zoomColumn);
  let linear = rotation * shear * zoom;
  let center = vec2f(f32(HEIGHT - 1), f32(WIDTH - 1)) * 0.5;
  let shift = rotation * vec2f(shiftRow, shiftColumn);

  let fourth = words(image, 3u);
  let thickness = between(-STROKE, STROKE, third.w);
  let contrast = between(LEAST_CONTRAST, MOST_CONTRAST, fourth.x);
  let erases = (fourth.y >> 8u) < ERASING;
  let tall = wholeBetween(LEAST_HEIGHT, MOST_HEIGHT, fourth.z >> 16u);
  let wide = wholeBetween(LEAST_WIDTH, MOST_WIDTH, fourth.z & 0xffffu);
  let erasedRow = i32(wholeBetween(0u, u32(HEIGHT) - tall, fourth.w >> 16u));
  let erasedColumn = i32(wholeBetween(0u, u32(WIDTH) - wide, fourth.w & 0xffffu));

  let start = row * ROW_LENGTH;
  drawGrid(image, local);
  addPart(start, local);
  if (SHARED) { workgroupBarrier(); }
  let mean = meanOf();
  for (var i = local; i < ${opaque('ROW_LENGTH', 'x')}; i += THREADS) {
    let k = i32(i) % CHANNELS;
    let c = i32(i) / CHANNELS % WIDTH;
    let r = i32(i) / (CHANNELS * WIDTH);
    let destination = vec2f(f32(select(r, HEIGHT - 1 - r, flipRows)), f32(select(c, WIDTH - 1 - c, flipColumns)));
    let source = center + linear * (destination - center) + shift + displacement(r, c);
    var value = valueAt(start, source, k);
    if (STROKE > 0.0) {
      let side = select(-1.0, 1.0, thickness > 0.0);
      value *= side;
      for (var n = 0u; n < ${opaque('4u', 'x')}; n++) {
        let along = select(thickness, -thickness, (n & 1u) == 1u);
        let beside = source + select(vec2f(along, 0.0), vec2f(0.0, along), n >= 2u);
        value = max(value, side * valueAt(start, beside, k));
      }
      value *= side;
    }
    if (CONTRAST) { value = mean + contrast * (value - mean); }
    var bright = value * brightness;
    if (NOISE > 0.0) { bright += noiseOf(image, i); }
    if (!FLOATS) { bright = min(bright, 255.0); }
    if (!FLOATS && TONES) { bright = max(bright, 0.0); }
    let isErased = r >= erasedRow && r < erasedRow + i32(tall) && c >= erasedColumn && c < erasedColumn + i32(wide);
    if (erases && isErased) { bright = CVAL; }
    x[b * ROW_LENGTH + i] = ${rescaledWgsl('bright', { offset })};
  }
}`;
      },
    },
  },
  cost: (p) => ({ flops: p.batch * p.rowLength * 30, bytes: p.batch * p.rowLength * (p.floats ? 8 : 5) }),
  terms: () => ROUNDINGS,
  reference: augmentReference,
  magnitudes: (p, inputs) => ({ x: augmentMagnitudes(p, inputs, ROUNDINGS) }),
  cases: AUGMENT_CASES,
});
