/** The page's program: trains on the `train.csv` that lies beside the page, and leaves the result for the test. */
import { type Trained, trainOneEpoch } from './training.js';

async function run(): Promise<Trained> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('this browser gives no WebGPU adapter');
  const csv = await fetch('./train.csv');
  if (!csv.ok) throw new Error(`train.csv: ${csv.status} ${csv.statusText}`);
  return await trainOneEpoch(adapter, new Uint8Array(await csv.arrayBuffer()));
}

const trained = run();
Object.assign(globalThis, { trained });

const output = document.querySelector('output') as HTMLOutputElement;
trained.then(
  ({ adapter, epoch }) => {
    const [loss, accuracy] = [epoch['loss'] as number, epoch['accuracy'] as number];
    output.value = `${adapter}: loss ${loss.toFixed(4)}, accuracy ${accuracy.toFixed(4)}`;
  },
  (error: unknown) => {
    output.value = String(error);
  },
);
