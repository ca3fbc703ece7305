import { type ImageDataset, parseCsv, readFile } from '@anke/data';

/**
 * A CSV file of images, with ids or with labels: the first column's name tells.
 *
 * @throws DataError if the file is missing or wrong
 */
export function readImages(path: string): ImageDataset {
  const bytes = readFile(path);
  const start = new TextDecoder().decode(bytes.subarray(0, 16)).replace(/^\uFEFF/, '');
  return parseCsv(path, bytes, { first: /^"?label"?,/.test(start) ? 'label' : 'id' });
}
