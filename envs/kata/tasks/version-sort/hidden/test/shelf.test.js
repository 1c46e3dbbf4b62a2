'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { compare, latest, parse, sort } = require('../src/version.js');

const ORDERED = {
  'major, minor and patch': ['0.0.1', '0.0.10', '0.2.0', '0.11.0', '2.0.0', '10.0.0', '100.0.0'],
  'labels before the release': ['1.0.0-alpha', '1.0.0', '1.0.1-0', '1.0.1'],
  'the example of the standard': ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2',
    '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0'],
  'numeric before alphanumeric labels': ['3.0.0-9', '3.0.0-10', '3.0.0-1a', '3.0.0-a'],
  'capital letters first': ['1.0.0-Beta', '1.0.0-RC', '1.0.0-alpha'],
  'hyphens by their code': ['1.0.0--', '1.0.0-0a', '1.0.0-a', '1.0.0-a-', '1.0.0-aa'],
  'more digits than a float holds': ['9007199254740992.0.0', '9007199254740993.0.0', '90071992547409920.0.0-9007199254740992',
    '90071992547409920.0.0-9007199254740993', '90071992547409920.0.0'],
};

describe('order', () => {
  for (const [name, versions] of Object.entries(ORDERED)) {
    test(name, () => {
      for (const [i, a] of versions.entries()) {
        for (const [j, b] of versions.entries()) {
          assert.equal(Math.sign(compare(a, b)), Math.sign(i - j), `${a} and ${b}`);
        }
      }
      assert.deepEqual(sort([...versions].reverse()), versions);
    });
  }
  test('build metadata does not matter', () => {
    assert.equal(compare('1.2.3+a', '1.2.3+b.7'), 0);
    assert.equal(compare('1.2.3-rc+x-y', '1.2.3-rc'), 0);
    assert.deepEqual(sort(['1.0.0+b', '1.0.0+a', '1.0.0']), ['1.0.0+b', '1.0.0+a', '1.0.0']);
  });
});

describe('sort', () => {
  test('leaves its argument alone', () => {
    const versions = Object.freeze(['2.0.0', '1.0.0']);
    assert.deepEqual(sort(versions), ['1.0.0', '2.0.0']);
    assert.deepEqual(versions, ['2.0.0', '1.0.0']);
  });
});

describe('latest', () => {
  test('skips versions with labels', () => {
    assert.equal(latest(['9.0.0', '10.0.0-beta', '10.0.0-rc.9']), '9.0.0');
    assert.equal(latest(['0.9.0', '0.10.0', '0.10.1-x']), '0.10.0');
  });
  test('is not fooled by hyphens in build metadata', () => {
    assert.equal(latest(['1.0.0', '1.0.1+exp-sha-5']), '1.0.1+exp-sha-5');
  });
  test('may find nothing', () => {
    assert.equal(latest([]), undefined);
    assert.equal(latest(['1.0.0-a']), undefined);
  });
});

describe('parse', () => {
  test('takes versions apart', () => {
    assert.deepEqual(parse('1.20.3-rc.1-x+b'), { numbers: ['1', '20', '3'], labels: ['rc', '1-x'] });
    assert.deepEqual(parse('0.0.0'), { numbers: ['0', '0', '0'], labels: [] });
  });
  test('refuses what is no version', () => {
    for (const bad of ['', '1', '1.2', '1.2.3.4', '01.2.3', '1.2.3-', '1.2.3-01', '1.2.3-a..b', '1.2.3+', 'v1.2.3', ' 1.2.3', null]) {
      assert.throws(() => parse(bad), TypeError);
    }
  });
});
