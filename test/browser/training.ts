/** What the page trains, and Node beside it: the recipe `cnn` for one epoch, on the images of a CSV file. */
import { loadData, memorySource, requireTraining } from '@anke/data';
import { Gpu } from '@anke/kernels';
import {
  checkRecipe,
  type EpochRecord,
  makeModel,
  memoryStore,
  type Recipe,
  shippedRecipe,
  train,
  WEIGHTS_FILE,
} from '@anke/training';

export interface Trained {
  /** The adapter's vendor and architecture, which browsers tell; its name is kept from pages. */
  readonly adapter: string;
  readonly epoch: EpochRecord;
  /** As a safetensors file. */
  readonly weights: Uint8Array;
}

/** Images that are trained on; those after them are for validation. */
const TRAINING = 512;

export async function trainOneEpoch(adapter: GPUAdapter, csv: Uint8Array): Promise<Trained> {
  const source = memorySource('digits', { 'train.csv': csv });
  const digits = requireTraining(source.name, await loadData(source));
  const data = {
    training: digits.slice(0, TRAINING),
    validation: digits.slice(TRAINING, digits.count),
    augmentation: undefined,
  };
  const { layers, phases } = shippedRecipe('cnn') as Recipe;
  const recipe = await checkRecipe({ layers, phases: phases.map((phase) => ({ ...phase, epochs: 1 })) }, 'cnn');
  const gpu = await Gpu.open(adapter);
  const model = makeModel(recipe.layers, { seed: 12, inputShape: digits.shape, classes: digits.classes });
  const store = memoryStore();
  const epochs: EpochRecord[] = [];
  for await (const event of train({ gpu, device: 'browser', model, data, recipe, store })) {
    if (event.type === 'epoch') epochs.push(event.record);
  }
  gpu.destroy();
  const [epoch] = epochs;
  const weights = await store.read(WEIGHTS_FILE);
  if (!epoch || !weights) throw new Error('the training has left no epoch and no weights');
  return { adapter: `${adapter.info.vendor} ${adapter.info.architecture}`, epoch, weights };
}
