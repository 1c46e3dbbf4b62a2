import assert from 'node:assert/strict';
import { test } from 'node:test';

test('the menu', async () => {
  const { menu } = await import('../src/menu.js');
  const text = 'Dish   Price  Note\n-----  -----  ----\nSoup    3.20  hot\nBread   0.80\n';
  assert.equal(menu([{ name: 'Soup', cents: 320, note: 'hot' }, { name: 'Bread', cents: 80 }]), text);
});

test('a receipt', async () => {
  const { receipt } = await import('../src/receipt.js');
  const text = '   What   Each   Sum\n-  -----  ----  ----\n2  Soup   3.20  6.40\n   Total        6.40\n';
  assert.equal(receipt([{ count: 2n, name: 'Soup', cents: 320 }]), text);
});

test('the inventory', async () => {
  const { inventory } = await import('../src/inventory.js');
  assert.equal(inventory(['Item', '>Kilos'], [['salt', 12]]), 'Item  Kilos\n----  -----\nsalt  12.00\n');
});
