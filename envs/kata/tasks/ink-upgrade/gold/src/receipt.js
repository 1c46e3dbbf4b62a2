import { cell, tableOf, textOf } from './tables.js';

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
  let table = tableOf(['>', 'What', '>Each', '>Sum']);
  let total = 0;
  for (const { count, name, cents } of items) {
    const sum = Number(count) * cents;
    table = table.with([count, name, cents / 100, sum / 100].map(cell));
    total += sum;
  }
  if (discount !== 0) table = table.with(['', 'Discount', '', cell(-discount / 100)]);
  return textOf(table.with(['', 'Total', '', cell((total - discount) / 100)]));
}
