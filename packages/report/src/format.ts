/** Numbers as people read them. */

/** 12,345 */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** 41 ms, 4.2 s, 37 s, 3 min 20 s */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 98.76% */
export const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** 0.8512; 28,428,170,444 is 2.84e+10 */
export const figure = (value: number): string => (Math.abs(value) >= 1e5 ? value.toExponential(2) : value.toFixed(4));
