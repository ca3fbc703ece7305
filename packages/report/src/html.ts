/** Pieces of a page as HTML. */

/** Text as HTML shows it. */
export const html = (text: string | number): string =>
  String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A table that scrolls in its own box where the page is narrower. Cells are HTML; those without a header get none. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string => row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('');
  const head = header.some((cell) => cell !== '') ? `<thead><tr>${cells('th', header)}</tr></thead>` : '';
  return `<div class="scroll"><table>${head}<tbody>${body}</tbody></table></div>`;
}

/** Names and what they are, below one another. Values are HTML. */
export const facts = (rows: readonly (readonly [name: string, value: string])[]): string =>
  `<dl>${rows.map(([name, value]) => `<div><dt>${html(name)}</dt><dd>${value}</dd></div>`).join('')}</dl>`;

/** A bar of a share of what is the largest. */
export const bar = (share: number): string =>
  `<span class="bar"><span style="width:${(100 * share).toFixed(1)}%"></span></span>`;
