/**
 * Asks the registry for known faults of what Anke brings along when it is installed. A grave one fails the tests; a
 * registry that has no answer, or none in time, does not.
 */
import { fail, say } from './messages.mjs';
import { output } from './tool.mjs';

const GRAVE = ['high', 'critical'];
/** Milliseconds for the registry's answer. */
const PATIENCE = 20_000;

export async function audit(environment) {
  const patience = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: String(PATIENCE) };
  const { stdout } = await output('pnpm', ['audit', '--prod', '--json'], { ...environment, ...patience });
  let answer;
  try {
    answer = JSON.parse(stdout);
  } catch {
    answer = {};
  }
  const { advisories, error } = answer;
  if (!advisories) {
    const why = error?.code ?? 'no answer';
    return say(`Skipped: the audit, as the registry does not tell known faults of packages (${why})`);
  }
  const found = Object.values(advisories);
  for (const { severity, module_name: name, vulnerable_versions: versions, title, url } of found)
    say(`audit: ${severity}: ${name} ${versions}: ${title} (${url})`);
  const grave = found.filter(({ severity }) => GRAVE.includes(severity)).length;
  if (grave > 0) fail(`${grave} of ${found.length} known faults in dependencies are grave; update these packages`);
}
