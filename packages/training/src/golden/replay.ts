/** Replays a golden run on a machine: all of its steps by each optimizer. */
import type { Gpu } from '@anke/kernels';
import { Adam, type Optimizer, Session, SGD } from '@anke/nn';
import { OPTIMIZERS, type OptimizerName } from './golden-run.js';
import { type GoldenStart, type Machine, type Tensors, Track } from './track.js';

const make: Readonly<Record<OptimizerName, () => Optimizer>> = { adam: () => new Adam(), sgd: () => new SGD() };

/** Works with a golden run's network on a session that trains by an optimizer. */
export async function withSession<T>(
  gpu: Gpu,
  { graph }: Pick<GoldenStart, 'graph'>,
  optimizer: OptimizerName,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = Session.open(gpu, graph);
  session.compile({ optimizer: make[optimizer]() });
  try {
    return await work(session);
  } finally {
    session.destroy();
  }
}

/** Trains as the golden run did and returns the same tensors, as this machine computes them. */
export async function replay(gpu: Gpu, machine: Machine, golden: GoldenStart): Promise<Tensors> {
  const outputs: Tensors = new Map();
  const add = (tensors: Tensors): void => tensors.forEach((values, name) => void outputs.set(name, values));
  for (const optimizer of OPTIMIZERS)
    await withSession(gpu, golden, optimizer, async (session) => {
      const track = await Track.start(session, machine, golden);
      try {
        const losses: number[] = [];
        for (let i = 0; i < golden.steps; i++) {
          await track.step();
          losses.push(await track.loss());
          if (i === 0 && optimizer === 'adam') add(await track.firstStep());
        }
        outputs.set(`${optimizer}/losses`, losses);
        add(await track.weights(optimizer));
        outputs.set(`${optimizer}/eval_logits`, await track.evaluate());
      } finally {
        track.destroy();
      }
    });
  return outputs;
}
