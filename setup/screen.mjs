/** What is to be seen in a terminal after a program has written to it: lines, and where it broke or cut one. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal reads
const PIECE = /\u001b\[([?\d;]*)([A-Za-z])|\u001b([78])|([\s\S])/gu;

export class Screen {
  /** @type {{ sign: string, style: string }[][]} */
  #lines = [[]];
  #row = 0;
  #column = 0;
  #saved = [0, 0];
  #style = '';
  broken = [];
  isCursorShown = true;
  wraps = true;

  constructor(columns) {
    this.columns = columns;
  }

  get lines() {
    return this.styled.map((line) =>
      line
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    );
  }

  get styled() {
    return this.#lines.map((line) => {
      const runs = [];
      for (const { sign, style } of Array.from(line, (cell) => cell ?? { sign: ' ', style: '' })) {
        const last = runs.at(-1);
        if (last?.style === style) last.text += sign;
        else runs.push({ text: sign, style });
      }
      return runs;
    });
  }

  write(text) {
    for (const [, numbers = '', command, cursor, sign] of text.matchAll(PIECE)) {
      if (command !== undefined) this.#obey(command, numbers);
      else if (cursor === '7') this.#saved = [this.#row, this.#column];
      else if (cursor === '8') [this.#row, this.#column] = this.#saved;
      else this.#put(sign);
    }
  }

  #put(sign) {
    if (sign === '\r') this.#column = 0;
    else if (sign === '\n') this.#go(this.#row + 1, this.#column);
    else if (sign >= ' ') {
      if (this.#column >= this.columns) {
        this.broken.push(this.lines[this.#row]);
        if (!this.wraps) return;
        this.#go(this.#row + 1, 0);
      }
      this.#lines[this.#row][this.#column++] = { sign, style: this.#style };
    }
  }

  #go(row, column) {
    [this.#row, this.#column] = [Math.max(0, row), Math.max(0, column)];
    while (this.#lines.length <= this.#row) this.#lines.push([]);
  }

  #obey(command, numbers) {
    const first = Number.parseInt(numbers, 10);
    const by = Number.isNaN(first) ? 1 : first;
    const line = this.#lines[this.#row];
    if (command === 'm') this.#colour(numbers);
    else if (command === 'A') this.#go(this.#row - by, this.#column);
    else if (command === 'B') this.#go(this.#row + by, this.#column);
    else if (command === 'C') this.#go(this.#row, this.#column + by);
    else if (command === 'D') this.#go(this.#row, this.#column - by);
    else if (command === 'G') this.#go(this.#row, by - 1);
    else if (command === 'K' && numbers === '2') line.length = 0;
    else if (command === 'K' || command === 'J') line.length = Math.min(line.length, this.#column);
    else if (numbers === '?25') this.isCursorShown = command === 'h';
    else if (numbers === '?7') this.wraps = command === 'h';
    else throw new Error(`the terminal does not know ESC [ ${numbers} ${command}`);
    if (command === 'J') this.#lines.length = this.#row + 1;
  }

  /** Keeps the numbers that are in force: weights (1, 2) beside a colour (30 … 37, 90 … 97). */
  #colour(numbers) {
    for (const number of (numbers || '0').split(';').map(Number)) {
      const on = this.#style.split(' ').filter(Boolean).map(Number);
      const others = (least, most) => on.filter((one) => one < least || one > most);
      let now = on;
      if (number === 0) now = [];
      else if (number === 22) now = others(1, 2);
      else if (number === 39) now = others(30, 97);
      else if (number < 3) now = [...on, number];
      else now = [...others(30, 97), number];
      this.#style = [...new Set(now)].sort((a, b) => a - b).join(' ');
    }
  }
}
