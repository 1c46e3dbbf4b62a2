import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import { CycleError, Sheet } from '../src/sheet.js';

let sheet;
let calls;

beforeEach(() => {
  sheet = new Sheet();
  calls = [];
});

/** Define a formula whose every call is noted. */
function define(name, inputs, formula) {
  sheet.define(name, inputs, (...values) => {
    calls.push(name);
    return formula(...values);
  });
}

/** Return the calls since the last time, sorted. */
function called() {
  return calls.splice(0).sort().join(' ');
}

const add = (...values) => values.reduce((sum, value) => sum + value, 0);

describe('values', () => {
  test('cells, formulas and holes', () => {
    sheet.set('a', 'x');
    define('b', ['a', 'nowhere'], (a, nothing) => [a, nothing]);
    assert.deepEqual(sheet.get('b'), ['x', undefined]);
    assert.equal(sheet.get('nowhere'), undefined);
  });

  test('a hole that is filled later', () => {
    define('b', ['a'], (a) => a ?? 'nothing');
    assert.equal(sheet.get('b'), 'nothing');
    sheet.set('a', 7);
    assert.equal(sheet.get('b'), 7);
  });

  test('the same input twice', () => {
    sheet.set('a', 4);
    define('square', ['a', 'a'], (x, y) => x * y);
    assert.equal(sheet.get('square'), 16);
  });

  test('cells change their kind', () => {
    sheet.set('a', 1);
    define('b', ['a'], (a) => a + 1);
    define('c', ['b'], (b) => b * 10);
    assert.equal(sheet.get('c'), 20);
    sheet.set('b', 5);
    assert.equal(sheet.get('c'), 50);
    define('b', ['a'], (a) => a + 2);
    assert.equal(sheet.get('c'), 30);
    sheet.define('a', [], () => 8);
    assert.equal(sheet.get('c'), 100);
  });

  test('a value cell made of the last value of a formula', () => {
    sheet.set('a', 1);
    define('b', ['a'], (a) => a);
    assert.equal(sheet.get('b'), 1);
    sheet.set('b', 1);
    sheet.set('a', 2);
    assert.equal(sheet.get('b'), 1);
  });

  test('inputs are copied', () => {
    const inputs = ['a'];
    sheet.set('a', 1);
    sheet.set('z', 2);
    define('b', inputs, (a) => a);
    inputs[0] = 'z';
    assert.equal(sheet.get('b'), 1);
  });
});

describe('cycles and errors', () => {
  test('cycles name the way round', () => {
    define('start', ['a'], add);
    define('a', ['x', 'b'], add);
    define('b', ['c'], add);
    define('c', ['a'], add);
    sheet.set('x', 1);
    assert.throws(() => sheet.get('start'), (error) => {
      assert.ok(error instanceof CycleError);
      assert.deepEqual(error.cycle, ['a', 'b', 'c', 'a']);
      return true;
    });
    assert.throws(() => sheet.get('b'), { message: 'cycle: b -> c -> a -> b' });
  });

  test('a cell of itself', () => {
    define('me', ['me'], add);
    assert.throws(() => sheet.get('me'), { message: 'cycle: me -> me' });
  });

  test('a cycle can be broken and made', () => {
    define('a', ['b'], add);
    define('b', ['a'], add);
    assert.throws(() => sheet.get('a'), CycleError);
    sheet.set('b', 3);
    assert.equal(sheet.get('a'), 3);
    define('b', ['a'], add);
    assert.throws(() => sheet.get('a'), CycleError);
    assert.throws(() => sheet.get('b'), CycleError);
  });

  test('a formula that throws is tried again', () => {
    let broken = true;
    sheet.set('a', 1);
    define('b', ['a'], (a) => {
      if (broken) throw new Error('no ink');
      return a;
    });
    define('c', ['b'], add);
    assert.throws(() => sheet.get('c'), /no ink/);
    assert.throws(() => sheet.get('c'), /no ink/);
    broken = false;
    assert.equal(sheet.get('c'), 1);
    assert.equal(called(), 'b b b c');
  });

  test('a formula that throws leaves no stale value', () => {
    sheet.set('a', 1);
    define('b', ['a'], (a) => {
      if (a === 2) throw new Error('two');
      return a * 10;
    });
    assert.equal(sheet.get('b'), 10);
    sheet.set('a', 2);
    assert.throws(() => sheet.get('b'), /two/);
    assert.throws(() => sheet.get('b'), /two/);
    sheet.set('a', 3);
    assert.equal(sheet.get('b'), 30);
  });
});

describe('budget', () => {
  test('nothing is computed before it is asked for', () => {
    sheet.set('a', 1);
    define('b', ['a'], add);
    define('c', ['a'], add);
    assert.equal(called(), '');
    sheet.get('b');
    assert.equal(called(), 'b');
  });

  test('each formula at most once for a get', () => {
    sheet.set('c0', 1);
    for (let i = 1; i <= 14; i += 1) define(`c${i}`, [`c${i - 1}`, `c${i - 1}`], (x, y) => (x + y) % 1000003);
    assert.equal(sheet.get('c14'), Number(2n ** 14n % 1000003n));
    assert.equal(calls.length, 14);
    calls.length = 0;
    sheet.get('c7');
    sheet.get('c14');
    assert.equal(called(), '');
  });

  test('only what depends on a change is computed again', () => {
    sheet.set('a', 1);
    sheet.set('z', 1);
    define('b', ['a'], add);
    define('y', ['z'], add);
    define('all', ['b', 'y'], add);
    sheet.get('all');
    called();
    sheet.set('z', 2);
    assert.equal(sheet.get('all'), 3);
    assert.equal(called(), 'all y');
    sheet.set('unrelated', 9);
    assert.equal(sheet.get('all'), 3);
    assert.equal(called(), '');
  });

  test('setting the same value changes nothing', () => {
    sheet.set('a', NaN);
    sheet.set('b', 0);
    define('c', ['a', 'b'], (a, b) => 1 / b);
    assert.equal(sheet.get('c'), Infinity);
    called();
    sheet.set('a', NaN);
    sheet.set('b', 0);
    sheet.get('c');
    assert.equal(called(), '');
    sheet.set('b', -0);
    assert.equal(sheet.get('c'), -Infinity);
    assert.equal(called(), 'c');
  });

  test('there and back again changes nothing', () => {
    sheet.set('a', 1);
    define('b', ['a'], add);
    sheet.get('b');
    called();
    sheet.set('a', 2);
    sheet.set('a', 1);
    assert.equal(sheet.get('b'), 1);
    assert.equal(called(), '');
  });

  test('a change that comes to nothing goes no further', () => {
    sheet.set('a', 3);
    define('sign', ['a'], Math.sign);
    define('word', ['sign'], (sign) => (sign > 0 ? 'up' : 'down'));
    define('shout', ['word'], (word) => word.toUpperCase());
    assert.equal(sheet.get('shout'), 'UP');
    called();
    sheet.set('a', 400);
    assert.equal(sheet.get('shout'), 'UP');
    assert.equal(called(), 'sign');
    sheet.set('a', -1);
    assert.equal(sheet.get('shout'), 'DOWN');
    assert.equal(called(), 'shout sign word');
  });

  test('formulas that come to NaN again, or to the other zero', () => {
    sheet.set('a', 1);
    define('nan', ['a'], () => NaN);
    define('zero', ['a'], (a) => a * 0);
    define('b', ['nan'], String);
    define('c', ['zero'], (zero) => 1 / zero);
    assert.deepEqual([sheet.get('b'), sheet.get('c')], ['NaN', Infinity]);
    called();
    sheet.set('a', -1);
    assert.deepEqual([sheet.get('b'), sheet.get('c')], ['NaN', -Infinity]);
    assert.equal(called(), 'c nan zero');
  });

  test('half of it was asked for in between', () => {
    sheet.set('a', 1);
    define('b', ['a'], add);
    define('c', ['b'], add);
    sheet.get('c');
    called();
    sheet.set('a', 2);
    sheet.get('b');
    assert.equal(called(), 'b');
    assert.equal(sheet.get('c'), 2);
    assert.equal(called(), 'c');
  });

  test('a new formula is computed, its dependents only if it matters', () => {
    sheet.set('a', 2);
    define('b', ['a'], (a) => a + a);
    define('c', ['b'], (b) => -b);
    sheet.get('c');
    called();
    define('b', ['a'], (a) => a * 2);
    assert.equal(sheet.get('c'), -4);
    assert.equal(called(), 'b');
    define('b', ['a'], (a) => a * 3);
    assert.equal(sheet.get('c'), -6);
    assert.equal(called(), 'b c');
  });

  test('undefined is a value like any other', () => {
    sheet.set('a', 1);
    define('b', ['a'], () => undefined);
    define('c', ['b'], (b) => typeof b);
    sheet.get('c');
    called();
    sheet.set('a', 2);
    assert.equal(sheet.get('c'), 'undefined');
    assert.equal(called(), 'b');
  });
});
