import { Table } from '../vendor/inkwell/index.js';

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
  const table = new Table(['Dish', '>Price', 'Note']);
  for (const { name, cents, note } of dishes) table.row(name, cents / 100, note);
  return table.render();
}
