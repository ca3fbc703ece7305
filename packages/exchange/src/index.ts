/**
 * Models and weights in other programs' formats, as bytes: ONNX, TensorFlow.js, safetensors, Keras's HDF5. Runs in Node
 * and in a browser.
 *
 * @module exchange
 */
export { ExchangeError } from './errors.js';
export { fromOnnx, toOnnx } from './onnx/onnx.js';
export { toTensorFlowJs } from './tensorflow-js.js';
export { assignWeights, type FoundLayer, inOrderOf } from './weights/assign.js';
export { readKerasWeights } from './weights/keras-h5.js';
export { readSafetensorsWeights } from './weights/safetensors.js';
