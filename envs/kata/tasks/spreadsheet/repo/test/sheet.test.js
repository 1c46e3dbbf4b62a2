import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CycleError, Sheet } from '../src/sheet.js';

test('formulas follow their inputs', () => {
  const sheet = new Sheet();
  sheet.set('price', 12);
  sheet.set('count', 3);
  sheet.define('total', ['price', 'count'], (price, count) => price * count);
  assert.equal(sheet.get('total'), 36);
  sheet.set('count', 4);
  assert.equal(sheet.get('total'), 48);
});

test('cycles are reported', () => {
  const sheet = new Sheet();
  sheet.define('a', ['b'], (b) => b);
  sheet.define('b', ['a'], (a) => a);
  assert.throws(() => sheet.get('a'), CycleError);
});

test('asking twice computes once', () => {
  let calls = 0;
  const sheet = new Sheet();
  sheet.set('x', 1);
  sheet.define('y', ['x'], (x) => {
    calls += 1;
    return x + 1;
  });
  assert.deepEqual([sheet.get('y'), sheet.get('y'), calls], [2, 2, 1]);
});
