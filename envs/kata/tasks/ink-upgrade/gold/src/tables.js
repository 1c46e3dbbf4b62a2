import { Table } from '../vendor/inkwell/index.js';

/** A table without rows; a heading that begins with `>` is for a column on the right. */
export function tableOf(headings) {
  return new Table(
    headings.map((heading) =>
      heading.startsWith('>') ? { title: heading.slice(1), align: 'right' } : { title: heading, align: 'left' },
    ),
  );
}

/** A value as the text of a cell. */
export function cell(value) {
  if (typeof value === 'number') return value.toFixed(2);
  return value === null || value === undefined ? '' : String(value);
}

/** The text of a table, every line with a line feed at its end. */
export function textOf(table) {
  return table
    .render({ gap: 2, rule: '-' })
    .map((line) => `${line}\n`)
    .join('');
}
