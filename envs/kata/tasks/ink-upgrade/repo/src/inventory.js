import { InkError, Table } from '../vendor/inkwell/index.js';

/** A row of the inventory can't be written. */
export class InventoryError extends Error {
  name = 'InventoryError';
}

/**
 * Return the cook's list, every line with a line feed at its end. A heading that begins with `>` is for a column on the
 * right, and is written without it. Numbers have two decimals, `null` and `undefined` are written as nothing, and
 * everything else as `String` does.
 *
 * Throws InventoryError, `row 2 has 3 cells`, for the first row (counted from 1) that has not as many cells as there are
 * headings. Whatever else goes wrong is thrown as it is.
 *
 * @param {string[]} headings
 * @param {unknown[][]} rows
 */
export function inventory(headings, rows) {
  const table = new Table(headings);
  rows.forEach((row, index) => {
    try {
      table.row(...row);
    } catch (error) {
      if (error instanceof InkError) throw new InventoryError(`row ${index + 1} has ${row.length} cells`);
      throw error;
    }
  });
  return table.render();
}
