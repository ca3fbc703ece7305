/** What set-up says: on stderr, as stdout belongs to the command that is run. */
export const say = (line) => process.stderr.write(`${line}\n`);

export function fail(message) {
  say(`anke: ${message}`);
  process.exit(1);
}
