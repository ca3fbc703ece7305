/**
 * If these failed, CSV files would be read with wrong pixels or labels, or an error would not name the line and the
 * column.
 */
import { describe, expect, test } from 'vitest';
import { CsvParser, parseCsv } from './parser.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const HEADER = 'label,pixel0,pixel1,pixel2,pixel3\n';
const read = (text: string, needs: 'label' | 'id' = 'label') => parseCsv('train.csv', encode(text), { needs });

test('a plain file', () => {
  const data = read(`${HEADER}3,0,1,254,255\n9,10,20,30,40\n`);
  expect(data.shape).toEqual([2, 2, 1]);
  expect(Array.from(data.pixels)).toEqual([0, 1, 254, 255, 10, 20, 30, 40]);
  expect(Array.from(data.labels ?? [])).toEqual([3, 9]);
});

test.each([1, 3, 1000])('rows that are passed over are not read, and still counted, in pieces of %i bytes', (size) => {
  const bytes = encode(`${HEADER}not,a,row\n3,0,1,254,255\n9,10,20,30,40\n5,x,0,0,0`);
  const pushed = (skip: number, limit: number): CsvParser => {
    const parser = new CsvParser('train.csv', { skip, limit });
    for (let from = 0; from < bytes.length; from += size) parser.push(bytes.subarray(from, from + size));
    return parser;
  };
  expect(Array.from(pushed(1, 2).end().labels ?? [])).toEqual([3, 9]);
  expect(Array.from(pushed(2, 1).end().pixels)).toEqual([10, 20, 30, 40]);
  expect(() => pushed(3, 1).end()).toThrow('train.csv, line 5, column "pixel0"');
  const counted = pushed(Number.POSITIVE_INFINITY, 1);
  expect(() => counted.end()).toThrow('line 6 is missing: the file has no more than 4 rows');
  expect(counted.passed).toBe(4);
});

describe('forms that are accepted, with the same result', () => {
  const expected = read(`${HEADER}3,0,1,254,255\n9,10,20,30,40\n`);
  test.each([
    ['carriage returns', `${HEADER}3,0,1,254,255\n9,10,20,30,40\n`.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${HEADER}3,0,1,254,255\n9,10,20,30,40\n`],
    ['quotes', `"label","pixel0","pixel1","pixel2","pixel3"\n"3","0","1","254","255"\n9,"10",20,"30",40\n`],
    ['no last newline', `${HEADER}3,0,1,254,255\n9,10,20,30,40`],
    ['no last newline, but a carriage return', `${HEADER}3,0,1,254,255\r\n9,10,20,30,40\r`],
    ['blank lines at the end', `${HEADER}3,0,1,254,255\n9,10,20,30,40\n\n\r\n`],
    ['leading zeros and blanks', `${HEADER}3,000,1,0254, 255\n9,10 ,20,30,40\n`],
    ['all at once', `\uFEFF${HEADER}"3",0,1,254,255\n9,10,20,30,"40"`.replaceAll('\n', '\r\n')],
  ])('%s', (_, text) => {
    const got = read(text);
    expect(got.pixels).toEqual(expected.pixels);
    expect(got.labels).toEqual(expected.labels);
  });
});

describe('one clear line for each mistake', () => {
  test.each([
    ['', 'train.csv: the file is empty'],
    ['\uFEFF', 'train.csv: the file is empty'],
    [HEADER, 'train.csv: line 2 is missing: the file has a header, but no rows'],
    ['id,pixel0\n1,2\n', 'train.csv, line 1: the column "label" is missing: the first column is "id"'],
    ['label,pixel0,pixel2,pixel3\n', 'train.csv, line 1: the column "pixel1" is missing among 3 columns of pixels'],
    [
      'label,pixel0,pixel1,pixel2\n1,2,3,4\n',
      'train.csv, line 1: the column "pixel3" is missing: 3 pixels make no square image',
    ],
    ['label\n1\n', 'train.csv, line 1: the column "pixel0" is missing'],
    [
      `${HEADER}3,0,1,2,3\n3,0,1,2\n`,
      'train.csv, line 3: the row is too short: it ends after 4 of 5 cells, before column "pixel3"',
    ],
    [`${HEADER}3,0,1,2,3,9\n`, 'train.csv, line 2: the row is too long: "9" follows after the last column "pixel3"'],
    [`${HEADER}3,0,1,2,3,\n`, 'train.csv, line 2: the row is too long'],
    [`${HEADER}\n3,0,1,2,3\n`, 'train.csv, line 2: the row is too short: it ends after 0 of 5 cells'],
    [`${HEADER}3,0,1,256,3\n`, 'train.csv, line 2, column "pixel2": expected an integer in 0 … 255, found "256"'],
    [`${HEADER}3,0,1,-1,3\n`, 'train.csv, line 2, column "pixel2": expected an integer in 0 … 255, found "-1"'],
    [`${HEADER}3,0,1,2.5,3\n`, 'column "pixel2": expected an integer in 0 … 255, found "2.5"'],
    [`${HEADER}3,0,1,,3\n`, 'column "pixel2": expected an integer in 0 … 255, found ""'],
    [`${HEADER}3,0,1,two,3\n`, 'column "pixel2": expected an integer in 0 … 255, found "two"'],
    [
      `${HEADER}3,0,1,99999999999999999999,3\n`,
      'column "pixel2": expected an integer in 0 … 255, found "99999999999999999999"',
    ],
    [
      `${HEADER}3,0,1,2,3\n1048576,0,1,2,3\n`,
      'train.csv, line 3, column "label": expected a label in 0 … 1048575, found "1048576"',
    ],
    [`${HEADER}x,0,1,2,3\n`, 'train.csv, line 2, column "label": expected a label in 0 … 1048575, found "x"'],
    [`${HEADER}-1,0,1,2,3\n`, 'train.csv, line 2, column "label": expected a label in 0 … 1048575, found "-1"'],
    [`${HEADER}3,0,"1,2,3\n`, 'train.csv, line 2, column "pixel1": expected a closing quote, found ""1,2,3"'],
  ])('%#', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

test('ids are kept as they are written', () => {
  const data = read('id,pixel0\n0007,1\n"a,b",2\n', 'id');
  expect(data.ids).toEqual(['0007', 'a,b']);
  expect(data.labels).toBeUndefined();
  expect(() => read('id,pixel0\n,1\n', 'id')).toThrow('line 2, column "id": expected an id, found ""');
});

test('labels count any number of classes', () => {
  const labels = Array.from({ length: 300 }, (_, i) => (i * 7) % 300);
  const data = read(`${HEADER}${labels.map((label) => `${label},0,1,2,3\n`).join('')}`);
  expect(Array.from(data.labels ?? [])).toEqual(labels);
  expect(data.classes).toBe(300);
  const far = read(`${HEADER}10,0,1,2,3\n"1048575",0,1,2,3\n 0070000 ,0,1,2,3\n`);
  expect(Array.from(far.labels ?? [])).toEqual([10, 1048575, 70_000]);
});

test('a limit reads the first rows and checks no others', () => {
  const data = parseCsv('train.csv', encode(`${HEADER}1,1,1,1,1\n2,2,2,2,2\nbroken`), { needs: 'label', limit: 2 });
  expect(Array.from(data.labels ?? [])).toEqual([1, 2]);
});

/** Files that the quick reader reads, not only the slow one: rows of 64 pixels, many zeros. */
const rows = Array.from({ length: 50 }, (_, row) =>
  Array.from({ length: 64 }, (_, i) => ((row * 64 + i) % 7 < 4 ? 0 : (row * 31 + i * 17) % 256)),
);
const WIDE_HEADER = Array.from({ length: 64 }, (_, i) => `pixel${i}`).join(',');
const wide = rows.map((row, i) => `${i % 10},${row.join(',')}\n`);

test('a file gives the same however it is cut into pieces', () => {
  const bytes = encode(`label,${WIDE_HEADER}\n${wide.join('')}`);
  for (const size of [1, 7, 64, 1000, bytes.length]) {
    const parser = new CsvParser('train.csv');
    const piece = new Uint8Array(size);
    for (let i = 0; i < bytes.length; i += size) {
      // The memory of a piece is used again for the next.
      const part = bytes.subarray(i, i + size);
      piece.set(part);
      parser.push(piece.subarray(0, part.length));
    }
    const data = parser.end();
    expect(Array.from(data.pixels)).toEqual(rows.flat());
    expect(Array.from(data.labels ?? [])).toEqual(rows.map((_, i) => i % 10));
  }
});

test.each([
  [
    'too long',
    (row: string) => row.replace('\n', ',5\n'),
    'the row is too long: "5" follows after the last column "pixel63"',
  ],
  ['too short', (row: string) => row.replace(/,\d+\n/, '\n'), 'the row is too short: it ends after 64 of 65 cells'],
  ['ends in a comma', (row: string) => row.replace('\n', ',\n'), 'the row is too long: "" follows'],
  [
    '256',
    (row: string) => row.replace(/,\d+,/, ',256,'),
    'column "pixel0": expected an integer in 0 … 255, found "256"',
  ],
  [
    '0256 and blanks',
    (row: string) => row.replace(/,\d+,/, ', 0256,'),
    'column "pixel0": expected an integer in 0 … 255',
  ],
  [
    'a point',
    (row: string) => row.replace(/,\d+,/, ',1.5,'),
    'column "pixel0": expected an integer in 0 … 255, found "1.5"',
  ],
])('a row in the midst of many: %s', (_, spoil, message) => {
  const spoilt = wide.map((row, i) => (i === 20 ? spoil(row) : row));
  expect(() => parseCsv('train.csv', encode(`label,${WIDE_HEADER}\n${spoilt.join('')}`))).toThrow(`train.csv, line 22`);
  expect(() => parseCsv('train.csv', encode(`label,${WIDE_HEADER}\n${spoilt.join('')}`))).toThrow(message);
});

describe('names decide what a column is', () => {
  test('the label may come last, with an id beside it', () => {
    const data = parseCsv('x.csv', encode('pixel0,pixel1,id,pixel2,pixel3,label\n1,2,a7,3,4,9\n5,0,b,0,8,0\n'));
    expect(Array.from(data.pixels)).toEqual([1, 2, 3, 4, 5, 0, 0, 8]);
    expect(Array.from(data.labels ?? [])).toEqual([9, 0]);
    expect(data.ids).toEqual(['a7', 'b']);
  });

  test('pixels may stand in any order, and be numbered from 1', () => {
    const data = parseCsv('x.csv', encode('pixel4,label,pixel2,pixel1,pixel3\n4,5,2,1,3\n0,6,0,9,0\n'));
    expect(Array.from(data.pixels)).toEqual([1, 2, 3, 4, 9, 0, 0, 0]);
    expect(Array.from(data.labels ?? [])).toEqual([5, 6]);
  });

  test('images need not be square', () => {
    const text = 'label,pixel0,pixel1,pixel2,pixel3,pixel4,pixel5\n1,1,2,3,4,5,6\n';
    expect(parseCsv('x.csv', encode(text), { imageShape: [1, 2, 3] }).shape).toEqual([1, 2, 3]);
    expect(() => parseCsv('x.csv', encode(text), { imageShape: [2, 2, 1] })).toThrow(
      'x.csv, line 1: there are 6 columns of pixels, but an image of 2 × 2 × 1 has 4',
    );
  });

  test.each([
    ['label,pixel0,pixel0\n1,1,1\n', 'x.csv, line 1: the column "pixel0" is there twice'],
    [
      'label,pixel0,colour\n1,1,1\n',
      'x.csv, line 1: column 3 is "colour", and "label", "id" or "pixel0", "pixel1" … are expected',
    ],
    ['label,\u001b[31m\n1,1\n', 'column 2 is "\ufffd[31m"'],
    ['\n\nlabel,pixel0\n', 'x.csv: line 1 is empty, where the columns’ names are expected'],
  ])('%j', (text, message) => {
    expect(() => parseCsv('x.csv', encode(text))).toThrow(message);
  });
});

describe('quotes and empty cells', () => {
  test('a doubled quote is one; a comma in quotes belongs to the cell', () => {
    expect(parseCsv('x.csv', encode('id,pixel0\n"a""b",1\n"c,d", 2 \n"""",3\n')).ids).toEqual(['a"b', 'c,d', '"']);
  });

  test.each([
    ['id,pixel0\na""b,1\n', 'line 2, column "id": expected quotes around all of a cell, or none, found "a""b"'],
    ['id,pixel0\n"a"x"b",1\n', 'expected quotes around all of a cell, or none'],
    ['id,pixel0\n"a"\ufeff"b",1\n', 'expected quotes around all of a cell, or none'],
    ['id,pixel0\n"",1\n', 'column "id": expected an id, found ""'],
    ['pixel0,label\r\n7,\r\n', 'line 2, column "label": expected a label in 0 … 1048575, found ""'],
    ['label,pixel0\r\n7,\r\n', 'line 2, column "pixel0": expected an integer in 0 … 255, found ""'],
    ['label,pixel0\n7,\n', 'line 2, column "pixel0": expected an integer in 0 … 255, found ""'],
  ])('%j', (text, message) => {
    expect(() => parseCsv('x.csv', encode(text))).toThrow(message);
  });
});

test('the memory that is reserved grows with the rows where the length is not known', () => {
  const parser = new CsvParser('x.csv');
  parser.push(encode('label,pixel0\n'));
  for (let i = 0; i < 5000; i++) parser.push(encode(`${i % 10},${i % 256}\n`));
  const { pixels, count } = parser.end();
  expect(count).toBe(5000);
  expect(Array.from(pixels)).toEqual(Array.from({ length: 5000 }, (_, i) => i % 256));
});
