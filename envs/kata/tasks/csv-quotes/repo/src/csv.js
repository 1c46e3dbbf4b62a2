'use strict';

/**
 * Read CSV text into rows of strings.
 *
 * - Fields are separated by `separator` (one character, a comma by default), rows by `\n` or `\r\n`.
 * - The end of the last row may be missing; it never begins another row. The empty text has no rows; an empty line
 *   is a row with one empty field.
 * - A field that begins with `"` is quoted: it ends with the next `"` that is not doubled, and `""` inside of it
 *   means `"`. Separators and line ends inside of it are ordinary characters, kept as they are.
 * - In other fields all characters are kept, blanks and `"` included.
 *
 * Throws SyntaxError for a quoted field that is not closed, or that is followed by anything but a separator,
 * a line end or the end of the text.
 */
function parse(text, { separator = ',' } = {}) {
  const rows = [];
  for (const line of text.trim().split(/\r?\n/)) {
    const row = [];
    let field = '';
    let quoted = false;
    for (let at = 0; at < line.length; at += 1) {
      const character = line[at];
      if (character === '"') {
        quoted = !quoted;
      } else if (character === separator && !quoted) {
        row.push(field);
        field = '';
      } else {
        field += character;
      }
    }
    row.push(field);
    rows.push(row);
  }
  return rows;
}

/**
 * Write rows as CSV text that `parse` reads back as the same strings. Each row ends with `\n`.
 *
 * `null` and `undefined` are written as empty fields, everything else as `String(value)`. Only fields that need
 * quotes get them: those that contain a separator, a quote, `\n` or `\r`.
 */
function stringify(rows, { separator = ',' } = {}) {
  return rows.map((row) => row.map((value) => quote(value, separator)).join(separator) + '\n').join('');
}

function quote(value, separator) {
  const field = String(value || '');
  return field.includes(',') ? `"${field.replace('"', '""')}"` : field;
}

module.exports = { parse, stringify };
