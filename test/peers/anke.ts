/** Anke in the comparison of `pnpm bench:peers`. */
import { Gpu, Recorder, Tuner } from '../../packages/kernels/dist/index.js';
import {
  Adam,
  DeviceData,
  predictStep,
  sparseCategoricalCrossentropy,
  trainStep,
} from '../../packages/nn/dist/index.js';
import { notebookModel, RESCALE } from '../../packages/training/dist/index.js';
import { batchOf, type Peer } from './peer.js';

const SHAPE = [28, 28, 1];

/** This engine, as `anke train` and `anke predict` drive it: recorded steps over data that lies on the device. */
export async function anke(adapter: GPUAdapter): Promise<Peer> {
  const gpu = await Gpu.open(adapter, new Tuner());
  const prepare = (batch: number) => {
    const model = notebookModel(SHAPE, { seed: 1 });
    const optimizer = new Adam();
    model.compile({ gpu, optimizer });
    const { pixels, labels } = batchOf(batch);
    const data = new DeviceData(gpu, 'peers', { pixels, labels, shape: SHAPE, rescale: RESCALE });
    const { memory, moments } = model.compiled;
    const program = { layers: model.layers, memory, seed: 1 };
    const recorder = new Recorder(gpu);
    return { program, optimizer, moments, data, size: { size: batch, stride: 0 }, recorder };
  };
  const training = (batch: number): Recorder => {
    const { program, optimizer, moments, data, size, recorder } = prepare(batch);
    const totals = gpu.storage('totals', 12);
    trainStep(recorder, program, data, size, sparseCategoricalCrossentropy, optimizer, moments, totals);
    return recorder;
  };
  const predicting = (batch: number) => {
    const { program, data, size, recorder } = prepare(batch);
    const results = gpu.storage('results', batch * 40);
    predictStep(recorder, program, data, size, results);
    return { recorder, results, counters: program.memory.counters };
  };
  return {
    name: 'Anke',
    tune: async (kind, batch) => {
      await (kind === 'trainer' ? training(batch) : predicting(batch).recorder).tune();
    },
    trainer: async (batch) => {
      const recording = await training(batch).finish();
      return async () => {
        recording.submit();
        await gpu.finish();
      };
    },
    predictor: async (batch) => {
      const { recorder, results, counters } = predicting(batch);
      const recording = await recorder.finish();
      return async () => {
        // The counter of the steps says where in the results this batch goes.
        gpu.write(counters, Uint32Array.of(0, 0));
        recording.submit();
        await gpu.read(results);
      };
    },
  };
}
