/** A trained model in a store: `model.json` describes its layers, `model.safetensors` holds its weights. */
import { encodeWeights, type Model } from '@anke/nn';
import { type Store, writeText } from '../store.js';

export const LAYERS_FILE = 'model.json';
export const WEIGHTS_FILE = 'model.safetensors';

/** The layers, without weights. */
export const saveLayers = (store: Store, model: Model): Promise<void> =>
  writeText(store, LAYERS_FILE, `${JSON.stringify(model.description(), null, 2)}\n`);

export async function saveModel(store: Store, model: Model): Promise<void> {
  const weights = encodeWeights(await model.getWeights());
  await saveLayers(store, model);
  await store.write(WEIGHTS_FILE, weights);
}
