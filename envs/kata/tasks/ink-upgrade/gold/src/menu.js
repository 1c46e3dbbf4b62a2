import { cell, tableOf, textOf } from './tables.js';

/**
 * Return the menu of the day, every line with a line feed at its end:
 *
 *     Dish        Price  Note
 *     ----------  -----  -----------
 *     Onion soup   4.50  with cheese
 *     Bread        0.80
 *
 * @param {{ name: string, cents: number, note?: string }[]} dishes
 */
export function menu(dishes) {
  const head = tableOf(['Dish', '>Price', 'Note']);
  return textOf(dishes.reduce((table, { name, cents, note }) => table.with([name, cents / 100, note].map(cell)), head));
}
