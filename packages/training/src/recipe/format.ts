/** JSON as people like to read it: recipes in run folders and reports are written so. */

const WIDTH = 120;

/** JSON for people: what fits on a line stands on one. */
export function formatJson(value: unknown, indent = ''): string {
  const flat = onOneLine(value);
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const lines = isList
    ? value.map((one) => `${inner}${formatJson(one, inner)}`)
    : entriesOf(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${formatJson(one, inner)}`);
  return `${isList ? '[' : '{'}\n${lines.join(',\n')}\n${indent}${isList ? ']' : '}'}`;
}

const entriesOf = (value: object): [string, unknown][] => Object.entries(value).filter(([, one]) => one !== undefined);

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = entriesOf(value).map(([key, one]) => `${JSON.stringify(key)}: ${onOneLine(one)}`);
  return inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`;
}
