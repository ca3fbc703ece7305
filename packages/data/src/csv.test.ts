import { describe, expect, test } from 'vitest';
import { parseCsv } from './csv.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const HEADER = 'label,pixel0,pixel1,pixel2,pixel3\n';
const read = (text: string, first: 'label' | 'id' = 'label') => parseCsv('train.csv', encode(text), { first });

test('a plain file', () => {
  const data = read(`${HEADER}3,0,1,254,255\n9,10,20,30,40\n`);
  expect(data.shape).toEqual([2, 2, 1]);
  expect(Array.from(data.pixels)).toEqual([0, 1, 254, 255, 10, 20, 30, 40]);
  expect(Array.from(data.labels ?? [])).toEqual([3, 9]);
});

describe('forms that are accepted, with the same result', () => {
  const want = read(`${HEADER}3,0,1,254,255\n9,10,20,30,40\n`);
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
    expect(got.pixels).toEqual(want.pixels);
    expect(got.labels).toEqual(want.labels);
  });
});

describe('one clear line for each mistake', () => {
  test.each([
    ['', 'train.csv: the file is empty'],
    ['\uFEFF', 'train.csv: the file is empty'],
    [HEADER, 'train.csv: line 2 is missing: the file has a header, but no rows'],
    ['id,pixel0\n1,2\n', 'train.csv, line 1: the column "label" is missing: the first column is "id"'],
    ['label,pixel0,pixel2,pixel3\n', 'train.csv, line 1: the column "pixel1" is missing: column 3 is "pixel2"'],
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
    [`${HEADER}3,0,1,2,3\n10,0,1,2,3\n`, 'train.csv, line 3, column "label": expected a label in 0 … 9, found "10"'],
    [`${HEADER}x,0,1,2,3\n`, 'train.csv, line 2, column "label": expected a label in 0 … 9, found "x"'],
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

test('a limit reads the first rows and checks no others', () => {
  const data = parseCsv('train.csv', encode(`${HEADER}1,1,1,1,1\n2,2,2,2,2\nbroken`), { first: 'label', limit: 2 });
  expect(Array.from(data.labels ?? [])).toEqual([1, 2]);
});
