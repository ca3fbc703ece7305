/**
 * What is left of a terminal when a command in it is interrupted. If this failed, a cursor would stay invisible, and
 * long lines of whatever runs next would be cut off.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Screen } from '../setup/screen.mjs';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const anke = join(import.meta.dirname, '../anke');
const work = mkdtempSync(join(tmpdir(), 'anke terminal '));
afterAll(() => rmSync(work, { recursive: true }));

/** util-linux's program, which runs a command in a terminal of its own. */
const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
if (!hasTerminal) console.log('Skipped: an interrupted terminal, as the program "script" is not here.');

interface Typed {
  readonly columns: number;
  /** What is seen when it is interrupted. */
  readonly until?: RegExp;
  /** How: by Ctrl-C, if absent. */
  readonly signal?: NodeJS.Signals | undefined;
}

let count = 0;

/** Runs a command in a terminal of its own, to its end or until it is interrupted. */
async function inTerminal(words: readonly string[], { columns, until, signal }: Typed) {
  const file = join(work, `process-${count++}`);
  const program = words.map((word) => `'${word}'`).join(' ');
  // The program takes the shell's place, and with it its number.
  const command = `stty cols ${columns} rows 30; echo $$ > '${file}'; exec ${program}`;
  const env = { ...process.env, INIT_CWD: work, NO_COLOR: '1' };
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: work,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const isDone = new Promise<number | null>((resolve) => child.on('close', resolve));
  const screen = new Screen(columns);
  let output = '';
  let isKilled = false;
  child.stdout.setEncoding('utf8');
  for await (const data of child.stdout) {
    output += data;
    screen.write(data);
    if (isKilled || !until?.test(output)) continue;
    isKilled = true;
    if (signal) process.kill(Number(readFileSync(file, 'utf8')), signal);
    else child.stdin.write('\x03');
  }
  return { status: await isDone, screen, text: screen.lines.join('\n').replaceAll(/\s+/g, ' ') };
}

describe.skipIf(!hasTerminal)('in a terminal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s gives cursor and line wrap back', async (signal) => {
    const words = [process.execPath, main, 'synth', '--out', `digits-${signal}`, '--train', '60000'];
    const { status, screen, text } = await inTerminal(words, { columns: 80, until: /Drawing/, signal });
    expect(status).toBe(130);
    expect([screen.isCursorShown, screen.wraps]).toEqual([true, true]);
    expect(text).toContain('interrupted');
  });

  describe('of 60 columns', () => {
    const columns = 60;
    beforeAll(async () => {
      const phases = ['Adam', 'SGD'].map((type) => ({ optimizer: { type }, epochs: 900 }));
      const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }];
      writeFileSync(join(work, 'tiny.json'), JSON.stringify({ layers, phases }));
      const words = [anke, 'synth', '--out', 'digits', '--train', '400', '--test', '40', '--seed', '3'];
      const { status, screen } = await inTerminal(words, { columns });
      expect([status, screen.broken]).toEqual([0, []]);
    });

    test.each(['train', 'notebook'])(
      'an interrupted %s says what is kept, and no line is cut or lost',
      async (command) => {
        const words = [anke, command, 'digits', '--recipe', 'tiny.json', '--out', `run ${command}`];
        const { status, screen, text } = await inTerminal(words, { columns, until: /Epoch +2\/900/ });
        expect(status).toBe(130);
        expect(screen.broken).toEqual([]);
        expect([screen.isCursorShown, screen.wraps]).toEqual([true, true]);
        expect(text).toContain('Interrupted: stopping and saving what there is (again to quit at once)');
        expect(text).toMatch(
          new RegExp(
            `interrupted; the model, the history and the curves of \\d+ whole epochs? are in run ${command}; ` +
              `resume with: \\S*anke ${command} --resume 'run ${command}'`,
          ),
        );
        const kept = readFileSync(join(work, `run ${command}`, 'history.csv'), 'utf8');
        expect(kept).toContain('adam,1,');
      },
    );

    test('a whole notebook: no line is cut', async () => {
      const epochs = ['--adam-epochs', '2', '--sgd-epochs', '1'];
      const words = [anke, 'notebook', 'digits', '--limit', '200', ...epochs, '--out', 'whole'];
      const { status, screen, text } = await inTerminal(words, { columns });
      expect(status).toBe(0);
      expect(screen.broken).toEqual([]);
      expect(text).toContain('Done in');
    });
  });
});
