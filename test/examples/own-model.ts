/** The example of docs/own-data-and-models.md: a small CNN of one's own, on images of one's own. */
import { ImageDataGenerator, type ImageDataset, requireTraining } from '@anke/data';
import { openAdapter } from '@anke/dawn';
import { loadDataAt } from '@anke/files';
import { Gpu } from '@anke/kernels';
import { Adam, Conv2D, Dense, EarlyStopping, encodeWeights, Flatten, MaxPooling2D, Sequential } from '@anke/nn';

/** Trains a small CNN on the images at a path: its weights as safetensors, and its accuracy on held-out images. */
export async function trainOwnModel(path: string, epochs: number): Promise<{ weights: Uint8Array; accuracy: number }> {
  // Any folder, archive or file that the command line takes. The first 20% of the rows are held out.
  const generator = new ImageDataGenerator({ validationSplit: 0.2, widthShiftRange: 0.05 });
  const { training, validation } = generator.split(requireTraining(path, await loadDataAt(path)));
  const samples = ({ pixels, labels, shape, factor, offset }: ImageDataset) => ({
    ...{ pixels, shape, rescale: factor, offset },
    ...(labels ? { labels } : {}),
  });

  // The system's GPU, or a software one that is fetched where there is none.
  const { adapter } = await openAdapter((line) => console.error(line));
  const gpu = await Gpu.open(adapter);

  const model = new Sequential(
    [
      new Conv2D({ filters: 8, kernelSize: 3, strides: 2, activation: 'relu', inputShape: training.shape }),
      new MaxPooling2D({ poolSize: 2 }),
      new Flatten(),
      new Dense({ units: 32, activation: 'relu' }),
      new Dense({ units: training.classes, activation: 'softmax' }),
    ],
    { seed: 7 },
  );
  model.compile({ gpu, optimizer: new Adam({ learningRate: 0.003 }) });
  await model.fit(samples(training), {
    ...{ epochs, batchSize: 32, validationData: samples(validation) },
    augmentation: generator.augmentation(training.shape),
    callbacks: [new EarlyStopping({ patience: 3, restoreBestWeights: true })],
  });
  const { accuracy = 0 } = await model.evaluate(samples(validation));
  const weights = encodeWeights(await model.getWeights());
  gpu.destroy();
  return { weights, accuracy };
}
