/**
 * 16-bit storage. A shader computes in float32; where a binding holds float16, each of its loads is widened and each store
 * rounded, and nothing else changes. So this is done to the text of a shader, for whichever bindings are to be halved, and no
 * kernel has to know of it:
 *
 *     var<storage, read> x: array<f32>;        var<storage, read> x: array<f16>;
 *     sum += x[i] * w[i];                      sum += f32(x[i]) * w[i];
 *     y[i] = sum;                              y[i] = f16(sum);
 */
import { KernelError } from './errors.js';

/**
 * A shader with some bindings in float16.
 *
 * @returns undefined where the shader reads back what it has written to one of them: its sums would be rounded on the way
 */
export function halve(wgsl: string, reads: readonly string[], writes: readonly string[]): string | undefined {
  let readsBack = false;
  const names = new Set([...reads, ...writes]);

  /** The place after the bracket that closes the one at `open`. */
  const closing = (text: string, open: number): number => {
    let depth = 0;
    for (let i = open; i < text.length; i++) {
      if (text[i] === '[') depth++;
      else if (text[i] === ']' && --depth === 0) return i + 1;
    }
    throw new KernelError('a bracket is not closed');
  };
  const rewrite = (text: string): string => {
    let out = '';
    let rest = 0;
    for (const match of text.matchAll(/\/\/.*|(?<![.\w])([A-Za-z_]\w*)\[/g)) {
      const [whole, name] = match;
      if (match.index < rest || name === undefined || !names.has(name)) continue;
      const open = match.index + whole.length - 1;
      const after = closing(text, open);
      const element = `${name}[${rewrite(text.slice(open + 1, after - 1))}]`;
      out += text.slice(rest, match.index);
      rest = after;
      const assignment = /^\s*=(?!=)/.exec(text.slice(after));
      if (assignment) {
        const start = after + assignment[0].length;
        rest = text.indexOf(';', start);
        out += `${element} = f16(${rewrite(text.slice(start, rest).trim())})`;
      } else {
        if (writes.includes(name)) readsBack = true;
        out += `f32(${element})`;
      }
    }
    return out + text.slice(rest);
  };

  const declaration = /(var<storage,\s*\w+>\s*(\w+)\s*:\s*array<)f32>/g;
  const declared = wgsl.replaceAll(declaration, (whole, start: string, name: string) =>
    names.has(name) ? `${start}f16>` : whole,
  );
  const result = `enable f16;\n${rewrite(declared)}`;
  return readsBack ? undefined : result;
}
