#!/usr/bin/env node
/**
 * The command `anke` in a clone, which is set up first: `./anke`, `npx anke` and `pnpm anke` come here. What it says
 * to type next has the form in which it was called.
 */
import { join, relative } from 'node:path';
import { ankeProgram, root } from './folders.mjs';
import { prepare } from './prepare.mjs';
import { run } from './tool.mjs';

/** As people have called it, from the folder that they are in. */
function calledAs() {
  const program = join(root, 'anke');
  if (process.argv[1] !== program)
    return process.env.npm_config_user_agent?.startsWith('pnpm/') ? 'pnpm anke' : 'npx anke';
  const path = relative(process.cwd(), program);
  if (path.length > program.length) return program;
  return path.includes('/') ? path : `./${path}`;
}

process.exitCode = await run(
  process.execPath,
  [ankeProgram, ...process.argv.slice(2)],
  { ...(await prepare()), ANKE_COMMAND: calledAs() },
  // Paths are relative to the folder that people are in; pnpm and npm may have changed to another.
  process.env.INIT_CWD ?? process.cwd(),
);
