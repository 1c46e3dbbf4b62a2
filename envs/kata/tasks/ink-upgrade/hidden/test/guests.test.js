import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { Table } from '../vendor/inkwell/index.js';

const { menu } = await import('../src/menu.js').catch(() => ({}));
const { receipt } = await import('../src/receipt.js').catch(() => ({}));
const { inventory, InventoryError } = await import('../src/inventory.js').catch(() => ({}));

const render = Table.prototype.render;

afterEach(() => {
  Table.prototype.render = render;
});

/** Return what `call` throws: its class and message, `nothing` if it throws nothing. */
function thrown(call) {
  try {
    call();
  } catch (error) {
    return `${error instanceof InventoryError ? 'InventoryError' : error.constructor.name}: ${error.message}`;
  }
  return 'nothing';
}

describe('menu', () => {
  test('with notes and without', () => {
    const dishes = [{ name: 'Trout', cents: 1905 }, { name: 'Crème brûlée', cents: 20000, note: 'for two' }];
    const text = 'Dish           Price  Note\n------------  ------  -------\nTrout          19.05\nCrème brûlée  200.00  for two\n';
    assert.equal(menu(dishes), text);
  });

  test('without dishes', () => {
    assert.equal(menu([]), 'Dish  Price  Note\n----  -----  ----\n');
  });

  test('cheap', () => {
    assert.equal(menu([{ name: 'Tea', cents: 7, note: '' }]), 'Dish  Price  Note\n----  -----  ----\nTea    0.07\n');
  });

  test('twice', () => {
    assert.equal(menu([{ name: 'Egg', cents: 90 }]), 'Dish  Price  Note\n----  -----  ----\nEgg    0.90\n');
    assert.equal(menu([{ name: 'Ham', cents: 410 }]), 'Dish  Price  Note\n----  -----  ----\nHam    4.10\n');
  });
});

describe('receipt', () => {
  test('of many items', () => {
    const items = [{ count: 1n, name: 'Trout', cents: 1905 }, { count: 12n, name: 'Tea', cents: 7 }];
    const head = '    What    Each    Sum\n--  -----  -----  -----\n';
    const rest = ' 1  Trout  19.05  19.05\n12  Tea     0.07   0.84\n    Total         19.89\n';
    assert.equal(receipt(items), head + rest);
    assert.deepEqual(receipt(items).split('\n').slice(2, 4), [' 1  Trout  19.05  19.05', '12  Tea     0.07   0.84']);
  });

  test('with a discount', () => {
    const lines = receipt([{ count: 3n, name: 'Pie', cents: 333 }], 999).split('\n');
    const head = ['   What      Each    Sum', '-  --------  ----  -----'];
    assert.deepEqual(lines.slice(0, 2), head);
    assert.deepEqual(lines.slice(2, 4), ['3  Pie       3.33   9.99', '   Discount        -9.99']);
    assert.deepEqual(lines.slice(4), ['   Total            0.00', '']);
  });

  test('for nothing', () => {
    assert.equal(receipt([]), '  What   Each   Sum\n  -----  ----  ----\n  Total        0.00\n');
  });

  test('with a gift', () => {
    const text = '  What      Each    Sum\n  --------  ----  -----\n  Discount        -0.05\n  Total           -0.05\n';
    assert.equal(receipt([], 5), text);
  });
});

describe('inventory', () => {
  test('writes numbers with two decimals, and nothing as nothing', () => {
    const text = 'Item   Kilos\n-----  -----\nflour  12.00\nsalt    0.13\neggs\nwine\n';
    assert.equal(inventory(['Item', '>Kilos'], [['flour', 12], ['salt', 0.125], ['eggs', null], ['wine', undefined]]), text);
  });

  test('writes everything else as it is', () => {
    const text = '       A>    B\n-----  ---  --\n true  x    10\n       p,q   7\nfalse        0\n';
    assert.equal(inventory(['>', 'A>', '>B'], [[true, 'x', 10n], [undefined, ['p', 'q'], '7'], [false, '', 0n]]), text);
  });

  test('writes odd numbers and headings', () => {
    assert.equal(inventory(['>No', '>>'], [[-7.125, NaN], [1e3, '']]), '     No    >\n-------  ---\n  -7.13  NaN\n1000.00\n');
  });

  test('without rows', () => {
    assert.equal(inventory(['Item'], []), 'Item\n----\n');
  });

  test('refuses rows that are too long', () => {
    assert.equal(thrown(() => inventory(['A', '>B'], [['x', 1], ['y', 2, 3]])), 'InventoryError: row 2 has 3 cells');
  });

  test('refuses rows that are too short', () => {
    assert.equal(thrown(() => inventory(['A', '>B'], [[], ['y', 2, 3]])), 'InventoryError: row 1 has 0 cells');
    assert.equal(thrown(() => inventory(['A', '>B', 'C'], [['y', 2]])), 'InventoryError: row 1 has 2 cells');
  });

  test('throws what else goes wrong as it is', () => {
    const burnt = {
      toString() {
        throw new RangeError('burnt');
      },
    };
    assert.equal(thrown(() => inventory(['A', 'B'], [['x', burnt]])), 'RangeError: burnt');
    assert.equal(thrown(() => inventory(['A'], [['x'], ['y', burnt]])), 'InventoryError: row 2 has 2 cells');
  });
});

describe('the library', () => {
  test('draws the menu', () => {
    Table.prototype.render = () => ['soup, drawn', 'bread, drawn'];
    assert.equal(menu([{ name: 'Tea', cents: 7 }]), 'soup, drawn\nbread, drawn\n');
  });

  test('draws the receipt', () => {
    Table.prototype.render = () => ['a sum, drawn'];
    assert.equal(receipt([{ count: 1n, name: 'Tea', cents: 7 }], 2), 'a sum, drawn\n');
  });

  test('draws the inventory', () => {
    Table.prototype.render = () => ['salt', 'and pepper'];
    assert.equal(inventory(['A'], [['x']]), 'salt\nand pepper\n');
  });
});
