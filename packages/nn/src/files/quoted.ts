/**
 * Text from a file as messages show it: in quotes, cut where it is long, and without the control characters that a
 * terminal would obey.
 */
export function quoted(text: unknown): string {
  const shown = String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
  return `"${shown.length > MOST ? `${shown.slice(0, MOST)}…` : shown}"`;
}

const MOST = 80;
