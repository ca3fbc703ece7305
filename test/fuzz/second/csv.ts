/**
 * A CSV reader as plain as can be, to compare with: whole text, lines, cells by RFC 4180 with blanks around them, and
 * the same rules for what a file of images is.
 */
export interface PlainCsv {
  readonly labels: number[] | undefined;
  readonly ids: string[] | undefined;
  /** Each row's pixels by their number. */
  readonly rows: number[][];
}

/** Undefined if a line is no CSV. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const cell = /^\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/.exec(rest);
    if (!cell) return undefined;
    cells.push(cell[1] === undefined ? (cell[2] ?? '').trim() : cell[1].replaceAll('""', '"'));
    if (cell[3] === '') return cells;
    rest = rest.slice(cell[0].length);
  }
}

/** Undefined if it is no file of images. */
export function plainCsv(bytes: Uint8Array): PlainCsv | undefined {
  const lines = new TextDecoder('utf-8').decode(bytes).split('\n');
  while (lines.length > 0 && /^\r?$/.test(lines.at(-1) as string)) lines.pop();
  const [header, ...body] = lines.map((line) => cellsOf(line.replace(/\r$/, '')));
  if (!header || body.length === 0) return undefined;
  const numbers = header.map((name) => (/^pixel\d{1,9}$/.test(name) ? Number(name.slice(5)) : undefined));
  const base = numbers.includes(0) ? 0 : 1;
  const count = numbers.filter((number) => number !== undefined).length;
  const known = header.every((name, i) => name === 'label' || name === 'id' || numbers[i] !== undefined);
  const inRange = numbers.every((number) => number === undefined || (number >= base && number < base + count));
  if (!known || !inRange || count === 0 || new Set(header).size !== header.length) return undefined;
  if (new Set(numbers).size !== count + (count < header.length ? 1 : 0)) return undefined;
  if (!Number.isInteger(Math.sqrt(count))) return undefined;

  const [label, id] = [header.indexOf('label'), header.indexOf('id')];
  const result: PlainCsv = { labels: label < 0 ? undefined : [], ids: id < 0 ? undefined : [], rows: [] };
  for (const cells of body) {
    if (cells?.length !== header.length) return undefined;
    const whole = (i: number, most: number): number => {
      const cell = (cells[i] as string).trim();
      return /^\d{1,9}$/.test(cell) && Number(cell) <= most ? Number(cell) : Number.NaN;
    };
    const row = new Array<number>(count);
    numbers.forEach((number, i) => {
      if (number !== undefined) row[number - base] = whole(i, 255);
    });
    if (label >= 0) result.labels?.push(whole(label, 2 ** 20 - 1));
    if (id >= 0) result.ids?.push(cells[id] as string);
    if (row.some(Number.isNaN) || Number.isNaN(result.labels?.at(-1)) || result.ids?.at(-1) === '') return undefined;
    result.rows.push(row);
  }
  return result;
}
