/** Runs other programs (apt-get, npm, tar) and turns their failures into errors that say why. */
import { spawn } from 'node:child_process';

/**
 * Runs a program and returns what it printed.
 *
 * @throws if it is not there or fails, with the end of what it printed
 */
export function run(program: string, args: readonly string[], folder?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    child.on('error', (error) => reject(new Error(`${program}: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) return resolve(output);
      const reason = `${errors}\n${output}`.trim().split('\n').filter(Boolean).slice(-3).join(' · ');
      reject(new Error(`${program} failed: ${reason || `exit code ${code}`}`));
    });
  });
}
