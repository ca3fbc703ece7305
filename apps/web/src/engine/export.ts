/** A trained network in other programs' formats. */
import { toOnnx, toSafetensors, toTensorFlowJs } from '@anke/exchange';
import type { Model } from '@anke/nn';
import { zipSync } from 'fflate';
import type { ExportFormat } from '../protocol.js';

type Writer = (...given: Parameters<typeof toOnnx>) => Promise<Uint8Array> | Uint8Array;

/** A file's name, and what writes it. */
const FILES: Readonly<Record<ExportFormat, readonly [name: string, write: Writer]>> = {
  onnx: ['model.onnx', toOnnx],
  safetensors: ['model.safetensors', toSafetensors],
  tensorflowjs: [
    'model-tensorflowjs.zip',
    (...given) => {
      const { json, weights } = toTensorFlowJs(...given);
      return zipSync({ 'model.json': new TextEncoder().encode(json), 'weights.bin': weights }, { level: 0 });
    },
  ],
};

/** @throws ExchangeError if a layer has no counterpart in the format */
export async function exported(
  format: ExportFormat,
  model: Model,
  classNames: readonly string[] | undefined,
): Promise<{ readonly name: string; readonly content: Blob }> {
  const [name, write] = FILES[format];
  const content = await write(model.graph, await model.getWeights(), { classNames });
  return { name, content: new Blob([content as Uint8Array<ArrayBuffer>]) };
}
