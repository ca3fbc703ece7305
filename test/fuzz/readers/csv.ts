/** CSV files of images, compared with a plain reader. */
import { CsvParser } from '@anke/data';
import { Difference, type Reader } from '../reader.ts';
import { plainCsv } from '../second/csv.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function seeds(): Uint8Array[] {
  const header = Array.from({ length: 16 }, (_, i) => `pixel${i}`).join(',');
  const rows = Array.from({ length: 6 }, (_, row) => [
    row % 10,
    ...Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? (row * 41 + i * 13) % 256 : 0)),
  ]);
  const lines = (end: string, cell: (value: number) => string): string =>
    rows.map((row) => `${row.map(cell).join(',')}${end}`).join('');
  return [
    `label,${header}\n${lines('\n', String)}`,
    `"id",${header}\r\n${lines('\r\n', (value) => `"${value}"`)}`,
    'pixel0,label\r\n7,1\r\n0,3\r\n',
    'id,pixel0\n"a""b",1\n"c,d", 2 \n',
    '\uFEFFpixel1,label,pixel0,pixel3,pixel2\n1,2,3,4,5\n',
    'label,pixel0\n1,2',
  ].map(bytesOf);
}

export const csv: Reader = {
  seeds,
  words: [
    'label',
    'id',
    'pixel0',
    'pixel1',
    ',',
    '""',
    '","',
    '\r\n',
    '\n\n',
    '0,0,0,0,',
    '255',
    '256',
    '\xef\xbb\xbf',
  ],
  read(bytes) {
    const parser = new CsvParser('file', {}, bytes.length);
    let refused: unknown;
    try {
      // In pieces of a size that the content decides, so that rows are cut anywhere.
      const size = 1 + (bytes.length % 197);
      for (let i = 0; i < bytes.length; i += size) parser.push(bytes.subarray(i, i + size));
    } catch (error) {
      refused = error;
    }
    const plain = plainCsv(bytes);
    try {
      if (refused) throw refused;
      const { pixels, labels, ids, count } = parser.end();
      if (!plain) throw new Difference('it is read, but is no CSV file of images');
      if (count !== plain.rows.length || pixels.join() !== plain.rows.flat().join())
        throw new Difference(`pixels ${pixels.join()} instead of ${plain.rows.flat().join()}`);
      if (labels?.join() !== plain.labels?.join()) throw new Difference(`labels ${labels?.join()}`);
      if (JSON.stringify(ids) !== JSON.stringify(plain.ids))
        throw new Difference(`ids ${JSON.stringify(ids)} instead of ${JSON.stringify(plain.ids)}`);
    } catch (error) {
      if (plain && !(error instanceof Difference))
        throw new Difference(`it is refused, but is a CSV file of images: ${(error as Error).message}`);
      throw error;
    }
  },
};
