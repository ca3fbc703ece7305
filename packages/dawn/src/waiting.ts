/**
 * Dawn's binding for Node asks whether work is done in every turn of the event loop, and lets the loop turn without a
 * pause until it is. That keeps one core busy, and a software driver computes on the same cores: on two of them, a
 * training step took 1.6 times as long. So while something is waited for, each turn sleeps a little: a tenth of what
 * has been waited so far, so that short waits stay short, and a millisecond at most.
 */

/** The longest sleep in a turn. */
const LONGEST_MILLISECONDS = 1;
const SHARE = 0.1;

const never = new Int32Array(new SharedArrayBuffer(4));
let waits = 0;
let since = 0;
/** Whether a turn is scheduled: there is one at a time, also where one wait follows directly on another. */
let turning = false;

function turn(): void {
  turning = waits > 0;
  if (!turning) return;
  Atomics.wait(never, 0, 0, Math.min(LONGEST_MILLISECONDS, SHARE * (performance.now() - since)));
  setImmediate(turn);
}

async function resting<T>(promise: Promise<T>): Promise<T> {
  if (waits++ === 0) since = performance.now();
  if (!turning) {
    turning = true;
    setImmediate(turn);
  }
  try {
    return await promise;
  } finally {
    waits--;
  }
}

type Method = (...args: never[]) => Promise<unknown>;

/** Lets each of these methods, of all objects of a class, rest while its promise is open. */
function restIn(prototype: object, names: readonly string[]): void {
  const methods = prototype as Record<string, Method>;
  for (const name of names) {
    const method = methods[name] as Method;
    methods[name] = function (this: object, ...args) {
      return resting(method.apply(this, args));
    };
  }
}

const rested = new WeakSet<object>();

/** Changes Dawn's classes in place, once. */
export function restWhileWaiting(
  classes: Readonly<Record<'GPUQueue' | 'GPUBuffer' | 'GPUDevice', { readonly prototype: object }>>,
): void {
  if (rested.has(classes.GPUQueue)) return;
  rested.add(classes.GPUQueue);
  restIn(classes.GPUQueue.prototype, ['onSubmittedWorkDone']);
  restIn(classes.GPUBuffer.prototype, ['mapAsync']);
  restIn(classes.GPUDevice.prototype, ['createComputePipelineAsync', 'popErrorScope']);
}
