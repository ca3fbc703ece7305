/** `anke.config.json`, for every command. */
import { createProgram } from '../../../apps/cli/src/program.js';
import { sectionsOf, settingOf } from '../../../apps/cli/src/settings.js';
import type { Reader } from '../reader.ts';

const jsonOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const program = createProgram();
const commands = program.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));

export const configReader: Reader = {
  seeds: () => [
    jsonOf({ seed: 3, quiet: true, train: { epochs: 5, batchSize: 50 }, bench: { step: { batch: [32, 64] } } }),
    jsonOf({ train: { limit: 10, tune: false }, serve: { port: 8000, host: 'localhost' }, predict: { top: 3 } }),
  ],
  json: true,
  read(bytes) {
    // Which command reads the file, its content decides.
    const command = commands[bytes.length % commands.length] as (typeof commands)[number];
    const sections = sectionsOf('file', new TextDecoder().decode(bytes), program, command);
    for (const option of command.options) settingOf(sections, option, 'file');
  },
};
