/**
 * The worst requests of each kind that `anke serve` may get, with the answer that it must give: tests send each once,
 * `pnpm load-test --hostile` sends them between good ones. All are for a model of 28 × 28 × 1 pixels.
 */
import { crc32, deflateSync } from 'node:zlib';

const PIXELS = 784;
/** A grey PNG of zeros: its file is a thousandth of what it becomes. */
export function blankPng(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]); // 8 bits, grey, not interlaced
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const image = `[${new Array(PIXELS).fill(0)}]`;
const nestedImage = `[${new Array(28).fill(`[${new Array(28).fill('[0]')}]`)}]`;
const images = (one, count) => `[${new Array(count).fill(one)}]`;
const header = (columns) => `label,${Array.from({ length: columns }, (_, i) => `pixel${i}`)}\n`;
const row = `0${',0'.repeat(PIXELS)}\n`;

const json = (name, statuses, make) => ({ name, type: 'application/json', statuses, make: () => Buffer.from(make()) });
const csv = (name, statuses, make) => ({ name, type: 'text/csv', statuses, make: () => Buffer.from(make()) });
const png = (name, statuses, make) => ({ name, type: 'image/png', statuses, make });

/**
 * `statuses` is what the answer may be where nothing else is under way; beside others, 503 is right too for what is
 * long.
 *
 * @param longest bytes of the long ones
 */
export function hostileRequests(longest = 15 * 2 ** 20) {
  const filled = (start, part, end) => `${start}${part.repeat(Math.floor((longest - 8) / part.length))}${end}`;
  return [
    json('arrays in arrays, millions deep', [400], () => '['.repeat(longest)),
    json('objects in objects', [400], () => filled('', '{"a":', '')),
    json('a short body of brackets', [400], () => '['.repeat(60_000)),
    json('millions of numbers as one image', [400, 413], () => filled('[[', '1,', '1]]')),
    json('millions of empty arrays', [400, 413], () => filled('[[', '[],', '[]]]')),
    json('an array of a million numbers as a pixel', [400], () => `[[[${'1,'.repeat(10 ** 6)}1]${',0'.repeat(783)}]]`),
    json('a pixel that is deeply nested', [400], () => `[[${'['.repeat(1000)}${']'.repeat(1000)}${',0'.repeat(783)}]]`),
    json('a million keys', [400], () => `{${Array.from({ length: 10 ** 6 }, (_, i) => `"k${i}":0`)}}`),
    json('a string of megabytes as a pixel', [400], () => `[["${'x'.repeat(longest)}"${',0'.repeat(783)}]]`),
    json('floats', [400], () => filled('[[', '0.123456789,', '1]]')),
    json('no UTF-8', [400], () => Buffer.alloc(longest, 0xff)),
    json('blanks', [400], () => ' '.repeat(longest)),
    json('more images than a request may have', [413], () => images(image, 4097)),
    json('as many images as it may have', [200], () => images(image, 4096)),
    json('as many as fit, nested to the last channel', [200], () => images(nestedImage, 4096)),
    csv('a million columns', [400], () => header(1_200_000)),
    csv('a column of megabytes', [400], () => `${'x'.repeat(longest)}\n`),
    csv('commas', [400], () => ','.repeat(longest)),
    csv('line ends', [400], () => '\n'.repeat(longest)),
    csv('more rows than a request may have', [413], () => `${header(PIXELS)}${row.repeat(4097)}`),
    csv('as many rows as it may have', [200], () => `${header(PIXELS)}${row.repeat(4096)}`),
    csv('a body over the limit', [413], () => Buffer.alloc(17 * 2 ** 20)),
    png('a picture of 64 million pixels in a file of 62 kB', [413], () => blankPng(8000, 8000)),
    png('a picture of 16 million pixels', [200], () => blankPng(4096, 4096)),
    png('a picture without a row', [400], () => blankPng(2 ** 30, 0)),
    png('SVG as PNG', [415], () =>
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000">${'<g>'.repeat(1000)}`),
    ),
    png('a picture that breaks off', [400], () => blankPng(512, 512).subarray(0, 100)),
  ];
}
