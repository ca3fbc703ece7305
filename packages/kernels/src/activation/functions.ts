/**
 * Activation functions and their derivatives, as WGSL and in float64, with the roundings that WGSL allows on the way.
 *
 *   elu(x)      = x > 0 ? x : alpha · (exp(x) − 1)        Clevert et al., 2016
 *   gelu(x)     = x · Φ(x)                                Hendrycks and Gimpel, 2016
 *   geluTanh(x) = x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))        the same, approximately
 *   silu(x)     = x · σ(x)                                also called swish; σ(x) = 1 / (1 + exp(−x))
 *   softplus(x) = log(1 + exp(x))
 *
 * No intermediate result overflows: every exponential is that of a number which is not positive, and at least −104,
 * where it is less than any float32. exp(x) − 1, log(1 + x) and tanh are computed such that small results keep their
 * precision; WGSL's own tanh may be off by 1e-5, and overflows on some devices.
 */
import { constants } from '../runtime/wgsl.js';
import { DENSITY, RATIO_WGSL, ratioRoundings, tail } from './normal.js';

export type Activation =
  | { readonly type: 'elu'; readonly alpha: number }
  | { readonly type: 'gelu' | 'geluTanh' | 'sigmoid' | 'silu' | 'softplus' | 'tanh' };

/** An activation function, its derivative, and how far float32 may be off. */
export interface ActivationRule {
  /** WGSL of `value(x: f32) -> f32` and `slope(x: f32) -> f32`. */
  readonly wgsl: string;
  value(x: number): number;
  slope(x: number): number;
  /** Roundings on the way to value and slope, each with the size of what it rounds, in units of float32's epsilon. */
  valueRoundings(x: number): number;
  slopeRoundings(x: number): number;
}

const { abs, exp, expm1, log1p, max } = Math;
const sigma = (x: number): number => 1 / (1 + exp(-x));

/** What WGSL allows exp(−a), relative to its size, where a itself has so many roundings behind it. */
const decayRoundings = (a: number, before = 0): number => 3 + (2 + before) * a;

/** exp(−a) for a ≥ 0. */
const DECAY_WGSL = `
fn decay(a: f32) -> f32 { return exp(-min(a, 104.0)); }`;

/** σ(x) as a quotient of numbers between 0 and 2; σ(−x) = 1 − σ(x) without cancellation. */
const SIGMA_WGSL = `${DECAY_WGSL}
fn sigma(x: f32) -> f32 {
  let e = decay(abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`;

/** σ's roundings: those of the exponential as far as σ follows it, a sum and a quotient. */
const sigmaRoundings = (x: number, before = 0): number => sigma(x) * (sigma(-x) * decayRoundings(abs(x), before) + 4);

/** exp(x) − 1 for x ≤ 0: near 0 the Taylor series to x⁸, whose rest is less than 2⁻²⁶ of it. */
const EXPM1_WGSL = `${DECAY_WGSL}
fn expm1(x: f32) -> f32 {
  var series = 1.0 / 40320.0;
  series = fma(series, x, 1.0 / 5040.0);
  series = fma(series, x, 1.0 / 720.0);
  series = fma(series, x, 1.0 / 120.0);
  series = fma(series, x, 1.0 / 24.0);
  series = fma(series, x, 1.0 / 6.0);
  series = fma(series, x, 0.5);
  series = fma(series, x, 1.0);
  return select(decay(-x) - 1.0, x * series, x > -0.5);
}`;

/** Of the series 6, relative to its sum: Σ (2k + 1) |x|ᵏ / k! is less than 5.9 times it. */
const expm1Roundings = (x: number): number => (x > -0.5 ? 6 * abs(expm1(x)) : exp(x) * decayRoundings(-x) - expm1(x));

const elu = (alpha: number): ActivationRule => ({
  wgsl: `${constants({ ALPHA: { f32: alpha } })}
${EXPM1_WGSL}
fn value(x: f32) -> f32 { return select(ALPHA * expm1(min(x, 0.0)), x, x > 0.0); }
fn slope(x: f32) -> f32 { return select(ALPHA * decay(-min(x, 0.0)), 1.0, x > 0.0); }`,
  value: (x) => (x > 0 ? x : alpha * expm1(x)),
  slope: (x) => (x > 0 ? 1 : alpha * exp(x)),
  // alpha and the product are rounded.
  valueRoundings: (x) => (x > 0 ? 0 : abs(alpha) * (expm1Roundings(x) + 2 * abs(expm1(x)))),
  slopeRoundings: (x) => (x > 0 ? 0 : abs(alpha) * exp(x) * (decayRoundings(-x) + 2)),
});

/** |x| up to which a power of it is needed: beyond, its exponential is 0 in float32. */
const NEAR = 20;

/** x · Φ(x) = max(x, 0) − a · Φ(−a) with a = |x|; the slope is Φ(x) + x · φ(x), φ the density. */
const gelu: ActivationRule = {
  wgsl: `${constants({ NEAR: { f32: NEAR }, DENSITY: { f32: DENSITY } })}
${DECAY_WGSL}
${RATIO_WGSL}
fn value(x: f32) -> f32 {
  let a = min(abs(x), NEAR);
  return max(x, 0.0) - a * (decay(0.5 * a * a) * ratio(a));
}
fn slope(x: f32) -> f32 {
  let a = min(abs(x), NEAR);
  let below = decay(0.5 * a * a) * (ratio(a) - a * DENSITY);
  return select(below, 1.0 - below, x >= 0.0);
}`,
  value: (x) => max(x, 0) - abs(x) * phi(x) * tail(abs(x)),
  slope(x) {
    const below = phi(x) * (tail(abs(x)) - abs(x) * DENSITY);
    return x >= 0 ? 1 - below : below;
  },
  valueRoundings(x) {
    const a = abs(x);
    return phi(x) * a * (tail(a) * (phiRoundings(a) + 3) + ratioRoundings(a)) + abs(this.value(x));
  },
  slopeRoundings(x) {
    const a = abs(x);
    const size = tail(a) + a * DENSITY;
    return phi(x) * (size * (phiRoundings(a) + 4) + ratioRoundings(a)) + abs(this.slope(x));
  },
};

/** exp(−x² / 2), whose exponent has two roundings behind it. */
const phi = (x: number): number => exp(-(x * x) / 2);
const phiRoundings = (a: number): number => decayRoundings((a * a) / 2, 2);

/** x · σ(v) with v = x · (FIRST + THIRD · x²): silu with v = x, geluTanh because ½ · (1 + tanh(u)) = σ(2u). */
function gated(first: number, third: number): ActivationRule {
  const v = (x: number): number => x * (first + third * x * x);
  const vSlope = (x: number): number => first + 3 * third * x * x;
  /** Roundings of v, relative to it. */
  const before = third === 0 ? 0 : 5;
  return {
    wgsl: `${constants({ FIRST: { f32: first }, THIRD: { f32: third }, NEAR: { f32: third === 0 ? 104 : NEAR } })}
${SIGMA_WGSL}
fn value(x: f32) -> f32 {
  let c = clamp(x, -NEAR, NEAR);
  return x * sigma(c * fma(THIRD * c, c, FIRST));
}
fn slope(x: f32) -> f32 {
  let c = clamp(x, -NEAR, NEAR);
  let v = c * fma(THIRD * c, c, FIRST);
  return sigma(v) * fma(c * sigma(-v), fma(3.0 * THIRD * c, c, FIRST), 1.0);
}`,
    value: (x) => x * sigma(v(x)),
    slope: (x) => sigma(v(x)) * (1 + x * sigma(-v(x)) * vSlope(x)),
    valueRoundings: (x) => abs(x) * (sigmaRoundings(v(x), before) + sigma(v(x))),
    slopeRoundings(x) {
      const [below, above] = [sigmaRoundings(v(x), before), sigmaRoundings(-v(x), before)];
      const [size, slope] = [abs(x) * sigma(-v(x)) * vSlope(x), abs(x) * vSlope(x)];
      // The factor of σ(v) has two products, a sum, and the slope of v, which is a product and a sum with constants.
      return (1 + size) * (below + 2 * sigma(v(x))) + sigma(v(x)) * (slope * above + (2 + before) * size);
    },
  };
}

const sigmoid: ActivationRule = {
  wgsl: `${SIGMA_WGSL}
fn value(x: f32) -> f32 { return sigma(x); }
fn slope(x: f32) -> f32 { return sigma(x) * sigma(-x); }`,
  value: sigma,
  slope: (x) => sigma(x) * sigma(-x),
  valueRoundings: sigmaRoundings,
  slopeRoundings: (x) => sigma(-x) * sigmaRoundings(x) + sigma(x) * sigmaRoundings(-x) + sigma(x) * sigma(-x),
};

/** max(x, 0) + log(1 + e) with e = exp(−|x|), where log(1 + e) = 2 artanh(t) with t = e / (2 + e) ≤ 1/3. */
const softplus: ActivationRule = {
  wgsl: `${SIGMA_WGSL}
fn value(x: f32) -> f32 {
  let e = decay(abs(x));
  let t = e / (2.0 + e);
  // Of the series, what follows is less than 2⁻²⁹ of it.
  let s = t * t;
  var series = 1.0 / 15.0;
  series = fma(series, s, 1.0 / 13.0);
  series = fma(series, s, 1.0 / 11.0);
  series = fma(series, s, 1.0 / 9.0);
  series = fma(series, s, 1.0 / 7.0);
  series = fma(series, s, 1.0 / 5.0);
  series = fma(series, s, 1.0 / 3.0);
  series = fma(series, s, 1.0);
  return max(x, 0.0) + 2.0 * t * series;
}
fn slope(x: f32) -> f32 { return sigma(x); }`,
  value: (x) => max(x, 0) + log1p(exp(-abs(x))),
  slope: sigma,
  // Of the logarithm 9: t has a sum and a quotient, the series 3 roundings of its size, and both are multiplied.
  valueRoundings: (x) =>
    sigma(-abs(x)) * decayRoundings(abs(x)) + 9 * log1p(exp(-abs(x))) + max(x, 0) + log1p(exp(-abs(x))),
  slopeRoundings: sigmaRoundings,
};

/** tanh(|x|) = −m / (m + 2) with m = exp(−2|x|) − 1; its slope is 4 · σ(2x) · σ(−2x). */
const tanh: ActivationRule = {
  wgsl: `${EXPM1_WGSL}
fn value(x: f32) -> f32 {
  let m = expm1(-2.0 * min(abs(x), 52.0));
  return sign(x) * (-m / (m + 2.0));
}
fn slope(x: f32) -> f32 {
  let e = decay(2.0 * min(abs(x), 52.0));
  let sum = 1.0 + e;
  return 4.0 * e / (sum * sum);
}`,
  value: Math.tanh,
  slope: (x) => 4 * sigma(2 * x) * sigma(-2 * x),
  valueRoundings(x) {
    const m = expm1(-2 * abs(x));
    return (2 * expm1Roundings(-2 * abs(x))) / (m + 2) ** 2 + 4 * abs(Math.tanh(x));
  },
  // The exponential, three roundings of the square, and a quotient.
  slopeRoundings(x) {
    return this.slope(x) * (decayRoundings(2 * abs(x)) + 6);
  },
};

const SQRT_8_PI = Math.sqrt(8 / Math.PI);
const RULES = {
  gelu,
  geluTanh: gated(SQRT_8_PI, 0.044715 * SQRT_8_PI),
  sigmoid,
  silu: gated(1, 0),
  softplus,
  tanh,
} as const satisfies Record<Exclude<Activation['type'], 'elu'>, ActivationRule>;

export const activationRule = (activation: Activation): ActivationRule =>
  activation.type === 'elu' ? elu(activation.alpha) : RULES[activation.type];
