/**
 * The form in which people have called the command, such as `./anke` in a clone: what they are told to type next has
 * it too. Texts in this program say `anke train …`.
 */

/** `anke`, unless what has started this program says otherwise. */
export const calledAs = process.env['ANKE_COMMAND'] ?? 'anke';

/** `anke` with a command behind it; not as part of a path or a name. */
const CALL = /(?<![\w./-])anke (?=[a-z])/g;

/** A text with its commands in that form. */
export const asCalled = (text: string): string => (calledAs === 'anke' ? text : text.replaceAll(CALL, `${calledAs} `));
