import { Table } from '../vendor/inkwell/index.js';

/**
 * Return the receipt of a guest, every line with a line feed at its end; the discount is there only if it is not 0:
 *
 *        What        Each    Sum
 *     -  ----------  ----  -----
 *     2  Onion soup  4.50   9.00
 *        Discount          -0.90
 *        Total              8.10
 *
 * @param {{ count: bigint, name: string, cents: number }[]} items
 * @param {number} discount in cents
 */
export function receipt(items, discount = 0) {
  const table = new Table(['>', 'What', '>Each', '>Sum']);
  const total = addItems(table, items);
  if (discount !== 0) table.row('', 'Discount', null, -discount / 100);
  table.row('', 'Total', null, (total - discount) / 100);
  return table.render();
}

/** Add a row for each item; return the sum of all in cents. */
function addItems(table, items) {
  let total = 0;
  for (const { count, name, cents } of items) {
    const sum = Number(count) * cents;
    table.row(count, name, cents / 100, sum / 100);
    total += sum;
  }
  return total;
}
