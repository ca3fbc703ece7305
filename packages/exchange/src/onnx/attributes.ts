/** Attributes of ONNX's nodes, by the type of their value. */
import type { OnnxAttribute } from './format.js';

/** onnx.proto3, AttributeProto.AttributeType */
const TYPE = { float: 1, int: 2, string: 3, ints: 7 };

export const int = (name: string, i: number): OnnxAttribute => ({ name, type: TYPE.int, i });
export const float = (name: string, f: number): OnnxAttribute => ({ name, type: TYPE.float, f });
export const ints = (name: string, values: readonly number[]): OnnxAttribute => ({
  name,
  type: TYPE.ints,
  ints: values,
});
export const text = (name: string, value: string): OnnxAttribute => ({
  name,
  type: TYPE.string,
  s: new TextEncoder().encode(value),
});
