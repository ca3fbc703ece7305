/** What a run leaves when it has come to its end: its report, the pictures beside it, and `results.json`. */
import { arch, platform, release as systemRelease, version as systemVersion } from 'node:os';
import { duration, makeReport } from '@anke/report';
import { writeText } from '@anke/training';
import type { Device } from '../device.js';
import { commandLine, version } from '../invocation.js';
import { writeResults } from '../results.js';
import type { Progress } from '../terminal.js';
import type { TrainedRun } from './run.js';

export interface Outcome {
  /** When the command began, by performance.now(). */
  readonly started: number;
  /** Accuracies on other images than those of validation, by the name of the images. */
  readonly scores?: Readonly<Record<string, number>>;
}

/** Writes report.html, results.json and, of a model that tells classes apart, confusion.svg and .png into the run. */
export async function writeReport(run: TrainedRun, { started, scores = {} }: Outcome): Promise<void> {
  const { terminal, device, folder, store, phases, warnings } = run;
  const seconds = (performance.now() - started) / 1000;
  let drawing: Pick<Progress, 'stop'> | undefined;
  const bar = terminal.progress('Predicting the validation images', 'images');
  const finished = {
    ...run,
    name: folder,
    gpu: device.gpu,
    device: device.report.name,
    scores,
    environment: [
      ['command', commandLine()],
      ['duration', `${duration(seconds)}, from the reading of the data to this report`],
      ...warnings.map(({ message }) => ['warning', message] as const),
      ['Anke', version],
      ...environmentOf(device),
    ] as const,
  };
  const { page, confusion, evaluation } = await makeReport(finished, (done, total) => {
    bar.update(done, total);
    if (done < total) return;
    bar.stop();
    drawing = terminal.stage('Timing the kernels and drawing the report');
  });
  drawing?.stop();
  if (confusion) {
    await writeText(store, 'confusion.svg', confusion.svg);
    await store.write('confusion.png', confusion.png);
  }
  await writeText(store, 'report.html', page);
  await writeResults(store, { phases, warnings, validation: evaluation, scores, seconds });
}

const environmentOf = ({ report, gpu }: Device): [name: string, value: string][] => [
  ['adapter', report.name],
  ['driver', report.why],
  ['subgroups', gpu.traits.subgroupSize > 0 ? `${gpu.traits.subgroupSize} lanes` : 'none'],
  ['features', [...gpu.device.features].sort().join(', ')],
  ['Node', process.version],
  ['system', `${platform()} ${arch()} ${systemRelease()} (${systemVersion()})`],
];
