/** This engine, as `anke train` and `anke predict` drive it: recorded steps over data that lies on the device. */
import { Gpu, Recorder, Tuner } from '../../packages/kernels/dist/index.js';
import { Adam, Batches, type Graph, Session } from '../../packages/nn/dist/index.js';
import { batchOf, type Peer } from './peer.js';

export async function anke(adapter: GPUAdapter, graph: Graph): Promise<Peer> {
  const gpu = await Gpu.open(adapter, new Tuner());
  const { inputShape: shape } = graph;
  const prepare = (batch: number) => {
    const session = Session.open(gpu, graph);
    session.compile({ optimizer: new Adam() });
    const { pixels, labels } = batchOf(batch, shape);
    const data = session.data.acquire({ pixels, labels, shape, rescale: 1 / 255 }, 'peers');
    const batches = new Batches(gpu, { data, seed: graph.seed });
    // The same batch each time: the counters may move on.
    return { session, batches, step: { size: batch, stride: 0 }, recorder: new Recorder(gpu) };
  };
  const training = (batch: number): Recorder => {
    const { session, batches, step, recorder } = prepare(batch);
    session.train(recorder, batches, step);
    return recorder;
  };
  const predicting = (batch: number) => {
    const { session, batches, step, recorder } = prepare(batch);
    const { storage: output } = session.predict(recorder, batches, step);
    recorder.keep(output);
    return { recorder, output };
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
      const { recorder, output } = predicting(batch);
      const recording = await recorder.finish();
      return async () => {
        recording.submit();
        await gpu.read(output);
      };
    },
  };
}
