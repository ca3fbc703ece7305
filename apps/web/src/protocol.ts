/**
 * What the page and its worker say to one another. The worker has the device, the data and the run; the page gets
 * numbers and pictures to show, and knows no kernel.
 */

/** Rows of bytes: an image as the network is given it. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Files that were dropped, with their paths in the folder that was dropped. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

export type ExportFormat = 'onnx' | 'safetensors' | 'tensorflowjs';

/** What the page asks for. */
export type Ask =
  /** To be sent first: opens the device, and goes on with the run of that recipe that was kept, if there is one. */
  | { readonly type: 'open'; readonly recipe: string | undefined }
  /** Checks a recipe and trains by it. `afresh` forgets what was kept of its run. */
  | { readonly type: 'train'; readonly recipe: string; readonly afresh: boolean }
  /** Checks a recipe, and whether its layers make a network for the present images. */
  | { readonly type: 'check'; readonly recipe: string }
  /** Gives a built-in recipe. */
  | { readonly type: 'builtIn'; readonly name: string }
  | { readonly type: 'pause'; readonly paused: boolean }
  | { readonly type: 'predict'; readonly pixels: Uint8Array }
  | { readonly type: 'activations'; readonly pixels: Uint8Array }
  | { readonly type: 'program' }
  /** Replays a golden run; without a file, one that the worker makes. The training waits meanwhile. */
  | { readonly type: 'verify'; readonly file: File | undefined }
  /** Times products and convolutions. The training waits meanwhile. */
  | { readonly type: 'measure' }
  | { readonly type: 'export'; readonly format: ExportFormat }
  | { readonly type: 'drop'; readonly name: string; readonly files: readonly DroppedFile[] }
  /** Goes back from dropped data to the synthetic digits. */
  | { readonly type: 'synthetic' }
  /** Goes on with a run that is kept. */
  | { readonly type: 'openRun'; readonly id: string }
  /** Gives a run's folder as a zip archive. */
  | { readonly type: 'packRun'; readonly id: string }
  | { readonly type: 'deleteRun'; readonly id: string }
  /** Deletes all runs that are kept, and begins the present one anew. */
  | { readonly type: 'forget' };

export interface AdapterFacts {
  readonly name: string;
  /** Whether it computes on the CPU. */
  readonly software: boolean;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

export interface DataFacts {
  readonly name: string;
  readonly synthetic: boolean;
  readonly training: number;
  readonly validation: number;
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly classNames: readonly string[];
  /** Whether the ink is darker than the paper. */
  readonly darkInk: boolean;
  /** An image of each class, as far as there is one, in the order of the classes. */
  readonly examples: readonly (Picture | undefined)[];
  /** What an inspection of the training images has to say. */
  readonly warnings: readonly string[];
}

/** An epoch as the curves show it. */
export interface EpochPoint {
  readonly loss: number;
  readonly accuracy: number | undefined;
  readonly valLoss: number | undefined;
  readonly valAccuracy: number | undefined;
}

/** A run that is kept. */
export interface RunFacts {
  readonly id: string;
  /** The recipe's. */
  readonly name: string;
  /** What it learns from. */
  readonly data: string;
  readonly points: readonly EpochPoint[];
  /** That it is to have at most, in all phases. */
  readonly epochs: number;
  /** When it was written to last, in milliseconds since 1970. */
  readonly changed: number;
  /** Whether it has left a model: a run that was cut off has only checkpoints. */
  readonly hasModel: boolean;
  /** Why nothing can be told of it. */
  readonly problem?: string;
}

/** A group of a golden run's tensors. */
export interface VerifiedGroup {
  readonly group: string;
  /** The largest relative error of a tensor, and what it may be. */
  readonly error: number;
  readonly bound: number;
  /** The worst tensor. */
  readonly tensor: string;
  /** `on an edge`: too large, because a decision within rounding of its edge was taken the other way. */
  readonly verdict: 'ok' | 'on an edge' | 'too large';
}

export interface VerifyFacts {
  readonly source: string;
  /** With Adam, and as many with SGD. */
  readonly steps: number;
  readonly batch: number;
  readonly groups: readonly VerifiedGroup[];
  readonly notes: readonly string[];
  readonly isRight: boolean;
}

/** A kernel as it was timed. */
export interface MeasuredKernel {
  readonly what: string;
  readonly variant: string;
  readonly milliseconds: number;
  readonly gflops: number;
  /** Of what the device does at best. */
  readonly share: number;
}

export interface MeasureFacts {
  readonly device: string;
  /** Of multiply-adds alone, and of copying. */
  readonly limits: { readonly gflops: number; readonly gigabytesPerSecond: number };
  readonly kernels: readonly MeasuredKernel[];
}

export interface Mistake {
  readonly picture: Picture;
  readonly label: number;
  readonly predicted: number;
  /** The probability of what was predicted. */
  readonly confidence: number;
}

/** What the network makes of the validation images at this moment. */
export interface Look {
  /** Counts by true class, then by predicted class; undefined where the network tells no classes apart. */
  readonly matrix: readonly (readonly number[])[] | undefined;
  readonly mistakes: readonly Mistake[];
  readonly filters: FilterFacts | undefined;
}

/** Kernels of the first convolution: (height, width, channels, filters), the last axis running fastest. */
export interface FilterFacts {
  readonly layer: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a layer gives for one image: (height, width, channels) or (units). */
export interface LayerActivation {
  readonly layer: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface DispatchFacts {
  readonly kernel: string;
  readonly variant: string;
  readonly grid: readonly number[];
  readonly flops: number;
  readonly bytes: number;
  /** By the device's clock; undefined where it has none. */
  readonly milliseconds: number | undefined;
  readonly bindings: readonly { readonly name: string; readonly memory: string; readonly access: string }[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly code: string;
}

/** A stretch of a buffer's life in which a temporary lies in it. */
export interface Tenant {
  readonly label: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  readonly buffer: number;
}

export interface ProgramFacts {
  readonly batchSize: number;
  readonly dispatches: readonly DispatchFacts[];
  /** How many dispatches there were before the fusion pass. */
  readonly plain: number;
  readonly buffers: readonly number[];
  readonly tenants: readonly Tenant[];
  readonly planned: number;
  readonly naive: number;
}

/** `waiting`: until another tab of this browser leaves the run alone. */
export type RunState = 'opening' | 'data' | 'waiting' | 'compiling' | 'training' | 'paused' | 'done' | 'failed';

/** What the worker says. */
export type Say =
  | { readonly type: 'adapter'; readonly adapter: AdapterFacts }
  /** There is no device here: the page says what to do. */
  | { readonly type: 'noDevice'; readonly reason: string }
  | { readonly type: 'recipe'; readonly text: string; readonly name: string }
  /** A recipe that cannot be used, and why; what trained before goes on. */
  | { readonly type: 'recipeError'; readonly message: string }
  /** What a check has found: what is wrong, or how large the network is, and what is made of some training images. */
  | {
      readonly type: 'checked';
      readonly text: string;
      readonly error: string | undefined;
      readonly weights: number;
      /** Images, each followed by changed copies; undefined if the recipe changes none. */
      readonly augmented: readonly (readonly Picture[])[] | undefined;
    }
  /** The names of the built-in recipes. */
  | { readonly type: 'builtIn'; readonly names: readonly string[] }
  /** A recipe that was asked for, which does not train yet. */
  | { readonly type: 'draft'; readonly text: string }
  | { readonly type: 'dataError'; readonly message: string }
  | { readonly type: 'data'; readonly data: DataFacts }
  | { readonly type: 'state'; readonly state: RunState; readonly detail: string }
  | { readonly type: 'preparing'; readonly done: number; readonly total: number }
  | {
      readonly type: 'progress';
      readonly part: 'training' | 'validation';
      /** Through all phases, from 1. */
      readonly epoch: number;
      readonly epochs: number;
      readonly done: number;
      readonly total: number;
      readonly imagesPerSecond: number | undefined;
      /** The means over the images of this epoch so far, while it trains. */
      readonly live: { readonly loss: number; readonly accuracy: number | undefined } | undefined;
    }
  /** All epochs of the run so far, those from before the page was opened among them. */
  | { readonly type: 'history'; readonly points: readonly EpochPoint[] }
  /** What the training takes of the device's memory. */
  | { readonly type: 'memory'; readonly bytes: number }
  | { readonly type: 'look'; readonly look: Look }
  /** A probability for each class; undefined where the network tells no classes apart. */
  | { readonly type: 'prediction'; readonly probabilities: Float32Array | undefined }
  | { readonly type: 'activations'; readonly layers: readonly LayerActivation[] }
  | { readonly type: 'program'; readonly program: ProgramFacts }
  /** What a verification or a measurement does at this moment; `error`: why it has ended. */
  | { readonly type: 'checking'; readonly what: 'verify' | 'measure'; readonly line: string; readonly isError: boolean }
  | { readonly type: 'verified'; readonly facts: VerifyFacts }
  | { readonly type: 'measured'; readonly facts: MeasureFacts }
  | { readonly type: 'file'; readonly name: string; readonly content: Blob }
  /** Something that was asked for did not work, or that people should know of the training; it goes on. */
  | { readonly type: 'problem'; readonly message: string }
  /** The runs that are kept, the latest first, and which of them is open. */
  | { readonly type: 'runs'; readonly runs: readonly RunFacts[]; readonly open: string | undefined }
  /** A run has come in, or something else was done with one. */
  | { readonly type: 'runsNote'; readonly message: string }
  /** Whether the run is kept by the browser, so that a reload goes on with it. */
  | { readonly type: 'kept'; readonly kept: boolean };
