/** Leaves out of the tests' stderr what Dawn prints there at every start, from C++ and past Node. */
import { DAWN_NOISE } from '../setup/dawn-noise.mjs';

/** To be called once, in the process that passes on what those of the tests print. */
export function quietDawn(): void {
  const write = process.stderr.write.bind(process.stderr) as (...args: unknown[]) => boolean;
  process.stderr.write = (data: unknown, ...rest: unknown[]): boolean => {
    const lines = String(data).split('\n');
    if (!lines.some((line) => DAWN_NOISE.test(line))) return write(data, ...rest);
    return write(lines.filter((line) => !DAWN_NOISE.test(line)).join('\n'), ...rest);
  };
}
