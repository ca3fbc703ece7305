/**
 * Models and weights in other programs' formats, as bytes: ONNX, TensorFlow.js, safetensors, Keras's HDF5. Runs in
 * Node and in a browser, and needs no device.
 *
 * @module exchange
 */
export { ExchangeError } from './errors.js';
export type { ModelNotes } from './notes.js';
export { fromOnnx, type OnnxContents } from './onnx/read.js';
export { toOnnx } from './onnx/write.js';
export { type TensorFlowJsModel, toTensorFlowJs } from './tensorflow-js/write.js';
export { type Assignment, assignPartly, assignWeights, type FoundLayer, type FoundWeights } from './weights/assign.js';
export { checkedWeights } from './weights/checked.js';
export { readKerasWeights } from './weights/keras-h5.js';
export { readSafetensorsWeights, toSafetensors } from './weights/safetensors.js';
