/** Says where the values of a pass stopped being finite: which layer, which operation, or which weight's update. */
import type { Executor } from '@anke/kernels';
import type { Batches, Fault } from './batches.js';
import type { Pass } from './pass.js';
import type { Session } from './session.js';
import { type Culprit, trace } from './trace.js';

type Kind = 'training' | 'evaluation';

/** @returns one line, which begins with the place */
export async function explainFault(session: Session, pass: Pass, fault: Fault, kind: Kind): Promise<string> {
  const rate = kind === 'training' ? (await session.gpu.readFloats(session.memory.rate))[0] : undefined;
  if (rate !== undefined && !Number.isFinite(rate)) return `the learning rate on the device is ${rate}`;
  // Moving averages have no part in a training step, and follow what it has computed.
  const state = await (kind === 'training' ? session.stateCheck.trained() : session.stateCheck.weights());
  if (state) return state;
  const { batches, options } = pass;
  const batch = { size: pass.sizeOf(fault.index), stride: options.batchSize };
  batches.repeat(fault);
  const send = (executor: Executor, from: Batches): unknown =>
    kind === 'training' ? session.differentiate(executor, from, batch) : session.evaluate(executor, from, batch);
  const culprit = await trace(session.gpu, (executor) => void send(executor, batches));
  if (culprit) return inWords(culprit);
  return fault.heldEnd === undefined ? 'the loss overflows' : heldInWords(session, fault.heldEnd);
}

function inWords({ scope, kernel, output, count, length }: Culprit): string {
  const values = `${count} of ${length} values of "${output.label}" are not finite (NaN or infinite)`;
  return `${scope}: ${values} after ${kernel}`;
}

/** An element of the weights that the optimizer could not update, with all that goes into the update. */
async function heldInWords({ gpu, memory, training }: Session, heldEnd: number): Promise<string> {
  const index = memory.length - heldEnd;
  const place = memory.placeOf(memory.weights, index);
  const elements = Object.entries({ weight: memory.weights, gradient: memory.gradients, ...training.buffers })
    .filter(([, { bytes }]) => bytes === memory.weights.bytes)
    .map(async ([name, storage]) => `${name} ${(await gpu.readFloats(storage))[index]}`);
  // A schedule stands still from that step on.
  const [rate] = await gpu.readFloats(memory.rate);
  const values = [...(await Promise.all(elements)), `learning rate ${rate}`].join(', ');
  const what = `${training.optimizer.name}'s update of "${place?.name}" at index ${place?.index}`;
  return `${what} would not be finite: ${values}`;
}
