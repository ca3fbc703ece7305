/** `anke doctor`: which adapter and driver there are, and what to do where training would be slow. */
import { createRequire } from 'node:module';
import { platform, release } from 'node:os';
import type { Command } from 'commander';
import { openDevice } from '../device.js';
import { Terminal } from '../terminal.js';
import type { AnswerOptions } from './output.js';

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** What the kernels make of a feature. */
const FEATURES: Readonly<Record<string, string>> = {
  subgroups: 'the fast kernels of software GPUs; without it, tiled ones run',
  'shader-f16': 'activations in half the memory, by --storage float16',
  'timestamp-query': 'times of single kernels in benchmarks',
};

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('adapter, driver, features and limits; what is missing and how to get it')
    .addHelpText('after', '\nExample:\n  anke doctor')
    .action(runDoctor);
}

async function runDoctor(options: AnswerOptions): Promise<void> {
  const terminal = new Terminal(options);
  const { version: dawn } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  terminal.heading('System');
  terminal.fact('Node', process.version);
  terminal.fact('Dawn', `webgpu ${dawn}`);
  terminal.fact('platform', `${platform()} ${process.arch}, ${release()}`);

  const { gpu, report } = await openDevice(terminal);
  const { vendor, architecture, device, description } = gpu.info;
  terminal.heading('Adapter');
  terminal.fact('name', description || device);
  terminal.fact('vendor', [vendor, architecture].filter(Boolean).join(', '));
  terminal.fact('kind', report.kind === 'gpu' ? 'GPU' : 'software: it computes on the CPU');
  terminal.fact('why this one', report.why);
  if (process.env['VK_DRIVER_FILES']) terminal.fact('driver file', process.env['VK_DRIVER_FILES']);

  terminal.heading('Features');
  for (const [feature, use] of Object.entries(FEATURES)) {
    terminal.fact(feature, `${gpu.device.features.has(feature) ? 'yes' : 'no '}  ${use}`);
  }
  terminal.fact('subgroup size', gpu.subgroups.missing ?? `${gpu.subgroups.size}, each workgroup a full one`);

  terminal.heading('Limits');
  for (const name of LIMITS) terminal.say(`  ${name.padEnd(36)} ${gpu.device.limits[name].toLocaleString('en-US')}`);

  terminal.heading('Verdict');
  terminal.say(
    report.kind === 'gpu'
      ? '  All is well: training runs on the GPU.'
      : '  Training works, on the CPU. For a GPU’s speed, use a machine that has one, with its driver installed.',
  );
  terminal.result({
    node: process.version,
    dawn,
    adapter: { name: report.name, vendor, architecture, kind: report.kind, why: report.why },
    features: Object.keys(FEATURES).filter((feature) => gpu.device.features.has(feature)),
    subgroupSize: gpu.traits.subgroupSize,
    limits: Object.fromEntries(LIMITS.map((name) => [name, gpu.device.limits[name]])),
  });
  gpu.destroy();
}
