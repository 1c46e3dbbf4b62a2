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
  let row = [];
  let at = 0;
  while (at < text.length || row.length > 0) {
    let field;
    if (text[at] === '"') {
      [field, at] = quotedField(text, at + 1);
      if (at < text.length && text[at] !== separator && lineEnd(text, at) === 0) {
        throw new SyntaxError(`unexpected text after a quoted field at ${at}`);
      }
    } else {
      const start = at;
      while (at < text.length && text[at] !== separator && lineEnd(text, at) === 0) at += 1;
      field = text.slice(start, at);
    }
    row.push(field);
    if (text[at] === separator) {
      at += 1;
    } else {
      at += lineEnd(text, at);
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

/** Return the field whose opening quote stands before `at`, and the index behind its closing quote. */
function quotedField(text, at) {
  let field = '';
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new SyntaxError('a quoted field is not closed');
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') return [field, quote + 1];
    field += '"';
    at = quote + 2;
  }
}

/** Return the length of the line end at `at`: 0 if there is none. */
function lineEnd(text, at) {
  if (text[at] === '\n') return 1;
  return text[at] === '\r' && text[at + 1] === '\n' ? 2 : 0;
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
  const field = String(value ?? '');
  const special = [separator, '"', '\n', '\r'].some((character) => field.includes(character));
  return special ? `"${field.replaceAll('"', '""')}"` : field;
}

module.exports = { parse, stringify };
