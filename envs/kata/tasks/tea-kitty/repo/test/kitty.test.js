import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Kitty } from '../src/kitty.js';
import { Store } from './store.js';

test('money is added', async () => {
  const store = new Store({ tea: 3 });
  assert.equal(await new Kitty(store).add('tea', 4), 7);
  assert.deepEqual(store.log, ['get tea', 'set tea 7']);
});

test('three put something in at the same time', async () => {
  const kitty = new Kitty(new Store());
  assert.deepEqual(await Promise.all([kitty.add('tea', 1), kitty.add('tea', 2), kitty.add('tea', 3)]), [1, 3, 6]);
});

test('money is moved', async () => {
  const store = new Store({ tea: 9, cake: 1 });
  assert.deepEqual(await new Kitty(store).move('tea', 'cake', 5), [4, 6]);
});

test('a total', async () => {
  assert.equal(await new Kitty(new Store({ tea: 9, cake: 1 })).total(['tea', 'cake', 'milk']), 10);
});
