/**
 * PyTorch on the CPU in the comparison of `pnpm bench:peers`, where a Python has it (Debian's package python3-torch):
 * a process that does a step for each line that it is sent (pytorch.py).
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
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
      child.stdin.write(`${JSON.stringify({ kind, batch, layers, inputShape: graph.inputShape })}\n`);
      await answer(child);
      return async () => {
        child.stdin.write('step\n');
        await answer(child);
      };
    };
  return [{ name: 'PyTorch, CPU', trainer: start('trainer'), predictor: start('predictor') }];
}

/** Waits for the process's next line. */
async function answer(child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('PyTorch has ended')));
  await Promise.race([once(child.stdout, 'data'), ended]);
}
