/**
 * What is left of a terminal when a command in it is interrupted. If this failed, a cursor would stay invisible, and
 * long lines of whatever runs next would be cut off.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke terminal '));
afterAll(() => rmSync(work, { recursive: true }));

/** util-linux's program, which runs a command in a terminal of its own. */
const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
if (!hasTerminal) console.log('Skipped: an interrupted terminal, as the program "script" is not here.');

test.skipIf(!hasTerminal).each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  '%s gives cursor and line wrap back',
  async (signal) => {
    // The program takes the shell's place, and with it its number.
    const program = `exec "${process.execPath}" "${main}" synth --out digits-${signal} --train 60000`;
    const command = `stty cols 80; echo $$ > ${signal}; ${program}`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: work, stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    let isKilled = false;
    const isDone = new Promise<number | null>((resolve) => child.on('close', resolve));
    for await (const data of child.stdout) {
      output += data;
      if (isKilled || !output.includes('Drawing')) continue;
      isKilled = true;
      process.kill(Number(readFileSync(join(work, signal), 'utf8')), signal);
    }
    expect(await isDone).toBe(130);
    expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
    expect(output.lastIndexOf('\x1b[?7h')).toBeGreaterThan(output.lastIndexOf('\x1b[?7l'));
    expect(output).toContain('interrupted');
  },
);
