/** float16 as bytes, for Nodes that have no Float16Array. IEEE 754, round to nearest, ties to even. */

/** The float16 nearest to a number, as a number. */
export function roundToFloat16(value: number): number {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return value;
  // The distance between neighbours: 11 significant bits, and 2⁻²⁴ below the least normal number.
  const step = 2 ** (Math.max(Math.floor(Math.log2(size)), -14) - 10);
  const ratio = size / step;
  const below = Math.floor(ratio);
  const rest = ratio - below;
  const rounded = (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below) * step;
  return Math.sign(value) * (rounded > 65504 ? Number.POSITIVE_INFINITY : rounded);
}

/** The bits of numbers that are float16 already. */
export const encodeFloat16 = (values: ArrayLike<number>): Uint16Array =>
  Uint16Array.from(values, (value) => {
    const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
    const size = Math.abs(value);
    if (Number.isNaN(value)) return 0x7e00;
    if (size > 65504) return sign | 0x7c00;
    if (size < 2 ** -14) return sign | (size / 2 ** -24);
    let exponent = Math.floor(Math.log2(size));
    if (2 ** exponent > size) exponent--;
    return sign | ((exponent + 15) << 10) | ((size / 2 ** exponent - 1) * 1024);
  });

export const decodeFloat16 = (bits: Uint16Array): Float64Array =>
  Float64Array.from(bits, (word) => {
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = (word >> 10) & 31;
    const fraction = word & 1023;
    if (exponent === 31) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
