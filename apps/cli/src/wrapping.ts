/** Text in lines that a terminal has room for. */

/** Lines of at most so many columns, broken at spaces; a longer word has a line of its own. */
export function wrapped(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Paragraphs as wide as the terminal; where a line is indented, lists and examples stay as they are. */
export const reflowed = (text: string, columns: number): string =>
  text
    .split('\n\n')
    .map((paragraph) => {
      const [, before = '', lines = '', after = ''] = /^(\n*)(.*?)(\n*)$/s.exec(paragraph) ?? [];
      if (/^ /m.test(lines)) return paragraph;
      return before + wrapped(lines.replaceAll('\n', ' '), columns).join('\n') + after;
    })
    .join('\n\n');
