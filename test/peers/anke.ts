import { notebookModel, RESCALE } from '../../apps/cli/dist/notebook-model.js';
import { Gpu, Recorder } from '../../packages/kernels/dist/index.js';
import {
  Adam,
  DeviceData,
  predictStep,
  sparseCategoricalCrossentropy,
  trainStep,
} from '../../packages/nn/dist/index.js';
import { batchOf, type Peer } from './peer.js';

const SHAPE = [28, 28, 1];

/** This engine, as `anke train` and `anke predict` drive it: recorded steps over data that lies on the device. */
export async function anke(adapter: GPUAdapter): Promise<Peer> {
  const gpu = await Gpu.open(adapter);
  const prepare = (batch: number) => {
    const model = notebookModel(SHAPE, { seed: 1 });
    const optimizer = new Adam();
    model.compile({ gpu, optimizer });
    const { pixels, labels } = batchOf(batch);
    const data = new DeviceData(gpu, 'peers', { pixels, labels, shape: SHAPE, rescale: RESCALE });
    const { memory, moments } = model.compiled;
    return {
      program: { layers: model.layers, memory, seed: 1 },
      optimizer,
      moments,
      data,
      size: { size: batch, stride: 0 },
    };
  };
  return {
    name: 'Anke',
    trainer: async (batch) => {
      const { program, optimizer, moments, data, size } = prepare(batch);
      const recorder = new Recorder(gpu);
      const totals = gpu.storage('totals', 12);
      trainStep(recorder, program, data, size, sparseCategoricalCrossentropy, optimizer, moments, totals);
      const recording = await recorder.finish();
      return async () => {
        recording.submit();
        await gpu.finish();
      };
    },
    predictor: async (batch) => {
      const { program, data, size } = prepare(batch);
      const recorder = new Recorder(gpu);
      const results = gpu.storage('results', batch * 40);
      predictStep(recorder, program, data, size, results);
      const recording = await recorder.finish();
      return async () => {
        // The counter of the steps says where in the results this batch goes.
        gpu.write(program.memory.counters, Uint32Array.of(0, 0));
        recording.submit();
        await gpu.read(results);
      };
    },
  };
}
