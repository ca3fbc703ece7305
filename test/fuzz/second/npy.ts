/** A reader of NumPy's files as plain as can be, to compare with: the header as a literal, the elements one by one. */
export interface PlainNpy {
  readonly shape: number[];
  readonly values: number[];
}

/** Undefined if it is no array of whole numbers in C's order. */
export function plainNpy(bytes: Uint8Array): PlainNpy | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== '\x93NUMPY' || bytes.length < 10) return undefined;
  const wide = view.getUint8(6) > 1;
  if (wide && bytes.length < 12) return undefined;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = literal(Buffer.from(bytes.subarray(start, start + length)).toString('latin1'));
  const { descr, shape, fortran_order: fortran } = header ?? {};
  const type = /^([<>|=])(u1|b1|i1|u2|i2|u4|i4|u8|i8)$/.exec(String(descr));
  if (!type || !Array.isArray(shape) || typeof fortran !== 'boolean') return undefined;
  const size = Number(type[2]?.[1]);
  const count = shape.reduce((product: number, side) => product * Number(side), 1);
  if (start + length + count * size !== bytes.length) return undefined;
  const values = Array.from({ length: count }, (_, i) => {
    let value = 0n;
    for (let k = 0; k < size; k++) {
      const at = start + length + i * size + (type[1] === '>' ? k : size - 1 - k);
      value = 256n * value + BigInt(bytes[at] as number);
    }
    return Number(type[2]?.[0] === 'i' ? BigInt.asIntN(8 * size, value) : value);
  });
  return { shape: shape.map(Number), values };
}

/** A dictionary of Python as a header has it, as an object; undefined if it is none. */
function literal(text: string): Record<string, unknown> | undefined {
  if (/["[\]]/.test(text)) return undefined;
  const json = text
    .replace(/'/g, '"')
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false')
    .replace(/\(/g, '[')
    .replace(/\)/g, ']')
    .replace(/(\d)L\b/g, '$1')
    .replace(/,\s*([\]}])/g, '$1');
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
