/** What each layer gives for one image, with the weights of this moment. */
import { Recorder, type Recording, type Storage } from '@anke/kernels';
import { Batches, DeviceData, layerOutputs, type Model, type Samples, sizeOf } from '@anke/nn';
import type { LayerActivation } from '../protocol.js';

interface Output {
  readonly layer: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly storage: Storage;
}

/** A recording of the forward pass for one image, in which the output of every layer is kept, as float32. */
export class Activations {
  private constructor(
    private readonly recording: Recording,
    private readonly data: DeviceData,
    private readonly batches: Batches,
    private readonly outputs: readonly Output[],
  ) {}

  /** @param samples whose images have the size and the scale of those that will be looked at */
  static async of(model: Model, samples: Samples): Promise<Activations> {
    const { session, graph } = model;
    const { gpu, memory } = session;
    const size = sizeOf(graph.inputShape);
    const { rescale = 1, offset = 0 } = samples;
    const one = { pixels: new Uint8Array(size), shape: graph.inputShape, rescale, offset };
    const data = new DeviceData(gpu, 'the image', one);
    const batches = new Batches(gpu, { data, seed: graph.seed });
    const recorder = new Recorder(gpu, { fuse: false });
    const given = layerOutputs(recorder, {
      model: { graph, memory: memory.countedBy(batches.counters), storage: 'f32' },
      data: batches.source,
      batch: { size: 1, stride: 0 },
    });
    const outputs = graph.nodes.flatMap((node): Output[] => {
      const tensor = given.get(node);
      return tensor ? [{ layer: node.name, type: node.layer.type, shape: node.shape, storage: tensor.storage }] : [];
    });
    for (const { storage: kept } of outputs) recorder.keep(kept);
    return new Activations(await recorder.finish(), data, batches, outputs);
  }

  async see(pixels: Uint8Array): Promise<LayerActivation[]> {
    const { recording, data, outputs } = this;
    recording.gpu.write(data.pixels, pixels);
    recording.submit();
    return await Promise.all(
      outputs.map(async ({ layer, type, shape, storage }) => {
        const values = await recording.gpu.readFloats(storage);
        return { layer, type, shape, values: values.subarray(0, sizeOf(shape)) };
      }),
    );
  }

  destroy(): void {
    for (const part of [this.recording, this.data, this.batches]) part.destroy();
  }
}
