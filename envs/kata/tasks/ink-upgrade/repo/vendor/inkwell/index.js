const width = (text) => [...text].length;

/** A table of text. It never changes. */
export class Table {
  #columns;
  #rows;

  /** @param {{ title: string, align: 'left' | 'right' }[]} columns */
  constructor(columns, rows = []) {
    for (const column of columns) {
      if (typeof column?.title !== 'string' || !['left', 'right'].includes(column.align)) {
        throw new TypeError('a column is { title, align }, and align is left or right');
      }
    }
    this.#columns = columns;
    this.#rows = rows;
  }

  /** Return a table with one more row. */
  with(cells) {
    if (!Array.isArray(cells)) throw new TypeError('a row is an array');
    if (cells.length !== this.#columns.length) {
      throw new RangeError(`${cells.length} cells for ${this.#columns.length} columns`);
    }
    if (cells.some((cell) => typeof cell !== 'string')) throw new TypeError('a cell is a string');
    return new Table(this.#columns, [...this.#rows, cells]);
  }

  /** Return the lines of the table. */
  render({ gap = 1, rule = '' } = {}) {
    const titles = this.#columns.map((column) => column.title);
    const widths = titles.map((title, index) => Math.max(...[titles, ...this.#rows].map((row) => width(row[index]))));
    const rules = rule === '' ? [] : [widths.map((wide) => rule.repeat(wide))];
    return [titles, ...rules, ...this.#rows].map((row) =>
      row.map((cell, index) => this.#padded(cell, widths[index], this.#columns[index].align)).join(' '.repeat(gap)).trimEnd(),
    );
  }

  #padded(cell, wide, align) {
    const blanks = ' '.repeat(wide - width(cell));
    return align === 'right' ? blanks + cell : cell + blanks;
  }
}
