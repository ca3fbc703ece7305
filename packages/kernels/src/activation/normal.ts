/**
 * The tail of the normal distribution, Φ(−a) = ½ · erfc(a / √2) for a ≥ 0: WGSL has no error function.
 *
 *   Φ(−a) = exp(−a² / 2) · P(u),   u = (a − 3) / (a + 3)
 *
 * P is a polynomial of the ninth degree, fitted so that its largest relative error over 0 ≤ a ≤ 14 is the least. It is
 * at most 2⁻²⁶ there, which a test holds against {@link tail}; beyond, Φ(−a) is less than the least normal float32. As
 * u lies between −1 and 1, the absolute values of P's terms add up to hardly more than P, so that little is lost in
 * float32.
 */
import { EPSILON } from '../runtime/kernel.js';

/** Of P, that of u⁰ first. */
export const COEFFICIENTS = [
  0.12151394762823262, -0.20640261903937562, 0.12322503067661132, -0.046213290957197645, 0.006132070672318347,
  0.0029045561942257054, -0.0009837584799065994, -0.0003394849396500484, 0.00011554380260008043,
  0.000053671906621019586,
] as const;

/** The largest relative error of P. */
export const FIT = 2 ** -26;

/** 1 / √(2π): the density of the normal distribution is this times exp(−x² / 2). */
export const DENSITY = 1 / Math.sqrt(2 * Math.PI);

/** WGSL of `ratio(a: f32) -> f32`: P, which is Φ(−a) · exp(a² / 2), for a ≥ 0. */
export const RATIO_WGSL = `
fn ratio(a: f32) -> f32 {
  let u = (a - 3.0) / (a + 3.0);
  return ${COEFFICIENTS.slice(0, -1).reduceRight<string>(
    (rest, c) => `fma(u, ${rest}, ${Math.fround(c)}f)`,
    `${Math.fround(COEFFICIENTS.at(-1) as number)}f`,
  )};
}`;

/**
 * Φ(−a) · exp(a² / 2) in float64, for a ≥ 0: below 3 by a series without cancellation, above by a continued fraction.
 * Abramowitz and Stegun, *Handbook of Mathematical Functions*, 26.2.11 and 26.2.14.
 */
export function tail(a: number): number {
  if (a >= 3) {
    let fraction = a;
    for (let n = 200; n >= 1; n--) fraction = a + n / fraction;
    return DENSITY / fraction;
  }
  // Φ(a) = ½ + density · (a + a³ / 3 + a⁵ / (3 · 5) + …)
  let [sum, term] = [0, a];
  for (let n = 1; term > 0 && n < 200; n++) {
    sum += term;
    term *= (a * a) / (2 * n + 1);
  }
  return 0.5 * Math.exp((a * a) / 2) - DENSITY * sum;
}

/** Roundings of `ratio`, each with the size of what is rounded, and the error of P, in units of float32's epsilon. */
export function ratioRoundings(a: number): number {
  const u = Math.abs((a - 3) / (a + 3));
  // A coefficient, and a multiplication and an addition at each degree; u by two differences and a quotient.
  const terms = COEFFICIENTS.reduce((sum, c, k) => sum + (2 * k + 2 + 4.5 * k) * Math.abs(c) * u ** k, 0);
  return terms + (tail(a) * FIT) / EPSILON;
}
