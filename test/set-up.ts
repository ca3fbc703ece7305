/** What happens once before all tests: the device's driver is installed if it is missing. */
import { openAdapter } from '@anke/dawn';

/** Installs a driver, if there is none, before the test files open the device side by side. */
export default async function setUp(): Promise<void> {
  const { name, why } = await openAdapter(console.log);
  console.log(`Tests run on ${name}: ${why}.`);
}
