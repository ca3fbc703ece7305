/** What happens once before the tests of each adapter: its driver is installed if it is missing. */
import { openAdapter } from '@anke/dawn';
import type { TestProject } from 'vitest/node';

/** What a driver is found by: opening the device sets them. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];

/** Installs a driver, if there is none, before the test files open the device side by side. */
export default async function setUp({ name, config: { env = {} } }: TestProject): Promise<void> {
  const variables = [...DRIVER_VARIABLES, ...Object.keys(env)];
  const before = variables.map((variable) => [variable, process.env[variable]] as const);
  Object.assign(process.env, env);
  try {
    const { name: adapter, why } = await openAdapter(console.log);
    console.log(`Tests of "${name}" run on ${adapter}: ${why}.`);
  } finally {
    // The processes of the tests inherit the variables: each finds its driver by itself.
    for (const [variable, value] of before) {
      if (value === undefined) delete process.env[variable];
      else process.env[variable] = value;
    }
  }
}
