/** A trained model in a store: `model.json` describes its layers, `model.safetensors` holds its weights. */
import { describeModel, encodeWeights, type Sequential } from '@anke/nn';
import { type Store, writeText } from '../store.js';

export const LAYERS_FILE = 'model.json';
export const WEIGHTS_FILE = 'model.safetensors';

/** The layers, without weights. */
export const saveLayers = (store: Store, model: Sequential): Promise<void> =>
  writeText(store, LAYERS_FILE, `${JSON.stringify(describeModel(model), null, 2)}\n`);

export async function saveModel(store: Store, model: Sequential): Promise<void> {
  const weights = await encodeWeights(model);
  await saveLayers(store, model);
  await store.write(WEIGHTS_FILE, weights);
}
