/** Tables of text: columns as wide as what is in them. */

/** Columns that a text takes: marks stand above or below a letter, and East Asian signs are twice as wide. */
export const columnsOf = (text: string): number =>
  Array.from(text.replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, '')).reduce(
    (sum, sign) =>
      sum + (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(sign) ? 2 : 1),
    0,
  );

const padding = (text: string, width: number): string => ' '.repeat(Math.max(0, width - columnsOf(text)));
export const atLeft = (text: string, width: number): string => text + padding(text, width);
export const atRight = (text: string, width: number): string => padding(text, width) + text;

/** Rows as lines; the first column stands at the left, the others at the right unless `left` names them. */
export function tableLines(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => columnsOf(row[i] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, i) => (left.includes(i) ? atLeft : atRight)(cell, widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
