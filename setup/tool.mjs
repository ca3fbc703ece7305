/**
 * How set-up runs other programs: a tool silently and to its end, a command with this terminal. Neither outlives a
 * set-up that is interrupted or terminated.
 */
import { spawn } from 'node:child_process';
import { DAWN_NOISE } from './dawn-noise.mjs';
import { root } from './folders.mjs';
import { holdFor } from './lock.mjs';
import { fail, say } from './messages.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Milliseconds that a tool has for ending after a signal. */
const GRACE = 5000;

/** Calls `onSignal` when this process is told to end, until the function that is returned is called. */
function onSignals(onSignal) {
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

/**
 * Runs a program to its end and returns its exit code and what it has printed. On a signal it is ended, with all that
 * it has started, and then this process too.
 */
export async function output(program, args, environment) {
  const onWindows = process.platform === 'win32';
  let ended = false;
  const kill = (signal) => {
    try {
      process.kill(onWindows ? child.pid : -child.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  };
  // First of all: a signal may come while the program is being started.
  const forget = onSignals((signal) => {
    ended = true;
    kill(signal);
    setTimeout(kill, GRACE, 'SIGKILL').unref();
  });
  const child = spawn(program, args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: onWindows,
    // A group of its own, so that what the tool has started can be ended with it.
    detached: !onWindows,
  });
  const release = child.pid === undefined ? () => undefined : holdFor(child.pid);
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      printed[stream] += text;
    });
  }
  const { status, error } = await new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: 1, error }));
    child.on('close', (status) => resolve({ status }));
  });
  forget();
  release();
  if (ended) process.exit(130);
  return { status, error, ...printed };
}

/** Runs a tool to its end; what it prints is shown only if it fails. */
export async function tool(what, program, args, environment) {
  const { status, stdout, stderr, error } = await output(program, args, environment);
  if (status === 0) return stdout;
  const printed = `${stdout}${stderr}`.trimEnd();
  say(printed);
  const advice = /ENOSPC|No space left|EDQUOT/i.test(printed)
    ? 'the disk is full; make room, and run the same command again'
    : 'with a working network, run the same command again';
  fail(`${what} failed${error ? `: ${error.message}` : ''}; ${advice}`);
}

/** Runs a program with this terminal and waits for it; Dawn's noise is left out of stderr. */
export function run(program, args, environment, folder = root) {
  return new Promise((resolve) => {
    // What passes through here does not see the terminal that it comes to.
    const { isTTY, columns } = process.stderr;
    const env = isTTY ? { ...environment, ANKE_COLUMNS: String(columns) } : environment;
    const child = spawn(program, args, { cwd: folder, env, stdio: ['inherit', 'inherit', 'pipe'] });
    let line = '';
    child.stderr.on('data', (data) => {
      const lines = `${line}${data}`.split('\n');
      line = lines.pop();
      for (const whole of lines) if (!DAWN_NOISE.test(whole)) process.stderr.write(`${whole}\n`);
      if (line !== '' && !'Warning: maxDynamic'.startsWith(line.slice(0, 19))) {
        process.stderr.write(line);
        line = '';
      }
    });
    // A terminal sends Ctrl-C to both; the child decides what to do about it.
    const onInterrupt = () => undefined;
    const onTerminate = () => child.kill('SIGTERM');
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    child.on('error', (error) => fail(`${program}: ${error.message}`));
    child.on('close', (code, signal) => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      if (line !== '') process.stderr.write(line);
      resolve(signal ? 130 : code);
    });
  });
}
