'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { latest, sort } = require('../src/version.js');

test('single digits sort well', () => {
  assert.deepEqual(sort(['1.2.0', '1.0.3', '0.9.9']), ['0.9.9', '1.0.3', '1.2.0']);
});

test('ten comes after nine', () => {
  assert.deepEqual(sort(['1.10.0', '1.9.0']), ['1.9.0', '1.10.0']);
});

test('a candidate comes before its release', () => {
  assert.deepEqual(sort(['2.0.0', '2.0.0-rc.1']), ['2.0.0-rc.1', '2.0.0']);
});

test('the latest release is not a candidate', () => {
  assert.equal(latest(['1.0.0', '2.0.0-rc.1', '1.4.0']), '1.4.0');
});
