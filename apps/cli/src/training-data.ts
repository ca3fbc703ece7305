import { type ImageDataset, openSource, parseCsv, readFile } from '@anke/data';
import type { Terminal } from './terminal.js';

export async function readTraining(
  _terminal: Terminal,
  { data, limit }: { readonly data: string; readonly limit?: number | undefined },
): Promise<ImageDataset> {
  const options = { first: 'label', ...(limit === undefined ? {} : { limit }) } as const;
  if (data.toLowerCase().endsWith('.csv')) return parseCsv(data, readFile(data), options);
  const source = await openSource(data);
  return parseCsv('train.csv', await source.read('train.csv'), options);
}
