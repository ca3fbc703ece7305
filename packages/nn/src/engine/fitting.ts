/** What to do about a step that the device has no memory for: the batch that would fit. */
import { DeviceMemoryError, type Gpu, Recorder } from '@anke/kernels';

/** A step whose batch may have another size. */
interface SizedStep {
  readonly gpu: Gpu;
  readonly batch: number;
  /** Sends the step for a batch of some size. */
  record(recorder: Recorder, size: number): void;
}

/** The error with the batch size that it came from, and the largest one that fits; any other error as it is. */
export function withFittingBatch(error: unknown, step: SizedStep): unknown {
  if (!(error instanceof DeviceMemoryError) || error.need.limit === undefined) return error;
  const { label, bytes, limit } = error.need;
  const fits = (size: number): boolean => {
    const recorder = new Recorder(step.gpu);
    step.record(recorder, size);
    return (recorder.largest?.bytes ?? 0) <= limit;
  };
  let [fitting, tooLarge] = [0, step.batch];
  while (tooLarge - fitting > 1) {
    const size = Math.floor((fitting + tooLarge) / 2);
    if (fits(size)) fitting = size;
    else tooLarge = size;
  }
  const number = (size: number): string => size.toLocaleString('en-US');
  const advice = fitting > 0 ? `a batch of at most ${number(fitting)} fits` : 'no batch is small enough';
  return new DeviceMemoryError({ label: `${label}, in a batch of ${number(step.batch)},`, bytes, limit }, advice);
}
