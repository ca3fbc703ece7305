/**
 * The part of ONNX's file format that a CNN needs: the messages and field numbers of `onnx.proto3`
 * (github.com/onnx/onnx, version 1.16), written and read by protobufjs.
 */
import type protobuf from 'protobufjs';

const SCHEMA = `
syntax = "proto3";
message Attribute {
  string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8;
  int32 type = 20;
}
message Node {
  repeated string input = 1; repeated string output = 2; string name = 3; string opType = 4;
  repeated Attribute attribute = 5;
}
message Tensor { repeated int64 dims = 1; int32 dataType = 2; string name = 8; bytes rawData = 9; }
message Dimension { oneof value { int64 dimValue = 1; string dimParam = 2; } }
message TensorShape { repeated Dimension dim = 1; }
message TensorType { int32 elemType = 1; TensorShape shape = 2; }
message Type { TensorType tensorType = 1; }
message ValueInfo { string name = 1; Type type = 2; }
message Graph {
  repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; string docString = 10;
  repeated ValueInfo input = 11; repeated ValueInfo output = 12;
}
message OperatorSet { string domain = 1; int64 version = 2; }
message Property { string key = 1; string value = 2; }
message Model {
  int64 irVersion = 1; string producerName = 2; string producerVersion = 3; string docString = 6; Graph graph = 7;
  repeated OperatorSet opsetImport = 8; repeated Property metadataProps = 14;
}`;

/** The key of the metadata under which a file has the model's own description. */
export const DESCRIPTION = 'anke-model';

/** TensorProto.DataType */
export const FLOAT = 1;
export const INT64 = 7;

export interface OnnxAttribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
}

export interface OnnxNode {
  readonly opType: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly ({ dimValue: number } | { dimParam: string })[] };
    };
  };
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly docString: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly OnnxNode[];
    readonly initializer: readonly OnnxTensor[];
    readonly input: readonly OnnxValue[];
    readonly output: readonly OnnxValue[];
  };
}

/** The reader of protocol buffers is loaded when the first model is read or written. */
async function modelType(): Promise<protobuf.Type> {
  const { default: library } = await import('protobufjs');
  return library.parse(SCHEMA, { keepCase: true }).root.lookupType('Model');
}

export async function encodeOnnx(model: OnnxModel): Promise<Uint8Array> {
  const type = await modelType();
  return type.encode(type.fromObject(model)).finish();
}

/** What bytes may hold: a message may lack its parts. */
export interface DecodedOnnx extends Omit<OnnxModel, 'graph'> {
  readonly graph: OnnxModel['graph'] | null;
}

/** @throws Error if the bytes are none of its messages */
export async function decodeOnnx(bytes: Uint8Array): Promise<DecodedOnnx> {
  const type = await modelType();
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true, arrays: true }) as DecodedOnnx;
}
