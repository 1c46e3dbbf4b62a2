'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { parse, stringify } = require('../src/csv.js');

test('reads plain rows', () => {
  assert.deepEqual(parse('a,b\nc,d\n'), [['a', 'b'], ['c', 'd']]);
});

test('reads separators inside of quotes', () => {
  assert.deepEqual(parse('"Doe, Jane",42'), [['Doe, Jane', '42']]);
});

test('reads doubled quotes', () => {
  assert.deepEqual(parse('"a ""fine"" day",x'), [['a "fine" day', 'x']]);
});

test('writes zeros', () => {
  assert.equal(stringify([['a', 0], ['b', null]]), 'a,0\nb,\n');
});
