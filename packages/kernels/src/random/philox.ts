/** Philox4x32-10 (see @anke/random) on the device: the WGSL function `philox(counter, key)` gives four random words. */

/**
 * The last word of a counter keeps apart what draws on the device, with the same seed and step; what is drawn on the
 * host has 0 there.
 */
export const STREAMS = { dropout: 1, augment: 2, noise: 3, elastic: 4, pixelNoise: 5, mix: 6 } as const;

export const PHILOX_WGSL = `
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let cross = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let middle = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (cross >> 16u) + (middle >> 16u);
}

fn philox(start: vec4u, key: vec2u) -> vec4u {
  var c = start;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high0 = multiplyHigh(0xd2511f53u, c.x);
    let high1 = multiplyHigh(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`;
