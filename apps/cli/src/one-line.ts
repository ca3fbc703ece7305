/**
 * Text that may come from anywhere, as a terminal may show it: names in files hold control characters at times, which a
 * terminal would obey.
 */

/** Control characters, line separators, what turns the direction of writing round, and halves of characters. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const MOST = 1000;
/** What lines of ours hold on purpose: a colour, or the end of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const COLOUR = /(\u001b\[[\d;]*m|\n)/;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line of a bounded length; what a terminal would obey is written out: `\u001b`. */
export function oneLine(text: string): string {
  const line = text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(UNSEEN, escaped);
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line;
}

/** Lines as they are, with their colours; anything else that a terminal would obey is written out. */
export const shown = (lines: string): string =>
  lines
    .split(COLOUR)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(UNSEEN, escaped)))
    .join('');
