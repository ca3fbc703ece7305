/**
 * PyTorch on the CPU in the comparison of `pnpm bench:peers`, where a Python has it (Debian's package python3-torch):
 * a process that does a step for each line that it is sent (pytorch.py).
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeGraph, type Graph } from '../../packages/nn/dist/index.js';
import type { Peer, Run } from './peer.js';

const PYTHONS = ['python3', '/usr/bin/python3'];

/** The peer, if there is a Python with torch; else none, which is said. */
export async function pytorch(graph: Graph, say: (line: string) => void): Promise<Peer[]> {
  const python = PYTHONS.find((one) => spawnSync(one, ['-c', 'import torch']).status === 0);
  if (python === undefined) {
    say('PyTorch is left out: python3 has no torch (on Debian, apt-get install python3-torch)');
    return [];
  }
  const start =
    (kind: 'trainer' | 'predictor') =>
    async (batch: number): Promise<Run> => {
      const child = spawn(python, [join(import.meta.dirname, 'pytorch.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
      const { layers } = describeGraph(graph);
      const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const ask = async (line: string): Promise<void> => {
        child.stdin.write(`${line}\n`);
        if ((await answers.next()).done) throw new Error('PyTorch has ended');
      };
      await ask(JSON.stringify({ kind, batch, layers, inputShape: graph.inputShape }));
      return () => ask('step');
    };
  return [{ name: 'PyTorch, CPU', trainer: start('trainer'), predictor: start('predictor') }];
}
