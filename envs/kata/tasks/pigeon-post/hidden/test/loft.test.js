import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { cut } from '../src/cut.js';
import { join } from '../src/join.js';

describe('cut', () => {
  test('fills and numbers the slips', () => {
    assert.deepEqual(cut('B', 'abcdefghij', 4), ['B 1/3 abcd', 'B 2/3 efgh', 'B 3/3 ij']);
    assert.deepEqual(cut('H', 'to be', 5), ['H 1/1 to be']);
  });

  test('writes an empty letter on one slip', () => {
    assert.deepEqual(cut('Q', '', 9), ['Q 1/1 ']);
  });

  test('keeps blanks where they are', () => {
    assert.deepEqual(cut('W', '  a b  c ', 4), ['W 1/3   a ', 'W 2/3 b  c', 'W 3/3  ']);
  });

  test('counts a line feed as two bytes', () => {
    assert.deepEqual(cut('C', 'a\nb\nc\nd', 4), ['C 1/3 a\\nb', 'C 2/3 \\nc', 'C 3/3 \\nd']);
  });

  test('writes every line of a long list', () => {
    assert.deepEqual(cut('L', '1\n2\n3\n\n\n4', 6), ['L 1/3 1\\n2\\n', 'L 2/3 3\\n\\n', 'L 3/3 \\n4']);
  });

  test('doubles backslashes', () => {
    assert.deepEqual(cut('D', 'C:\\new\\\\', 20), ['D 1/1 C:\\\\new\\\\\\\\']);
  });

  test('never cuts a doubled backslash', () => {
    assert.deepEqual(cut('E', 'abc\\d\\', 4), ['E 1/3 abc', 'E 2/3 \\\\d', 'E 3/3 \\\\']);
  });

  test('never cuts a line feed', () => {
    assert.deepEqual(cut('M', 'four\nfive!\n', 5), ['M 1/3 four', 'M 2/3 \\nfiv', 'M 3/3 e!\\n']);
  });

  test('counts bytes', () => {
    assert.deepEqual(cut('F', 'müßig', 4), ['F 1/2 mü', 'F 2/2 ßig']);
    assert.deepEqual(cut('F', '9€ and 8€', 6), ['F 1/3 9€ a', 'F 2/3 nd 8', 'F 3/3 €']);
  });

  test('never cuts a character', () => {
    assert.deepEqual(cut('G', 'a🐦b🐦', 5), ['G 1/2 a🐦', 'G 2/2 b🐦']);
    assert.deepEqual(cut('G', '🐦ab🐦', 5), ['G 1/2 🐦a', 'G 2/2 b🐦']);
    assert.deepEqual(cut('G', 'a🐦b', 4), ['G 1/3 a', 'G 2/3 🐦', 'G 3/3 b']);
  });
});

describe('join', () => {
  test('puts mixed letters in order', () => {
    assert.deepEqual(join(['X 3/3 c', 'Y 2/2 q', 'X 1/3 a', 'Y 1/2 p', 'X 2/3 b']), { X: 'abc', Y: 'pq' });
  });

  test('takes any iterable', () => {
    assert.deepEqual(join(new Set(['T 2/2 lo', 'T 1/2 hel'])), { T: 'hello' });
  });

  test('knows that ten comes after nine', () => {
    const slips = ['N 11/11 k', 'N 10/11 j', 'N 9/11 i', 'N 2/11 b', 'N 1/11 a', 'N 3/11 c'];
    slips.push('N 8/11 h', 'N 4/11 d', 'N 7/11 g', 'N 5/11 e', 'N 6/11 f');
    assert.deepEqual(join(slips), { N: 'abcdefghijk' });
  });

  test('takes slips that came twice once', () => {
    assert.deepEqual(join(['R 2/2 ha', 'R 1/2 ho', 'R 2/2 ha']), { R: 'hoha' });
    assert.deepEqual(join(['S 1/1 tea', 'S 1/1 tea', 'S 1/1 tea']), { S: 'tea' });
  });

  test('takes no second copy for the slip that is missing', () => {
    assert.deepEqual(join(['V 1/3 x', 'U 1/1 here', 'V 3/3 z', 'V 1/3 x']), { U: 'here' });
  });

  test('leaves out what is not complete', () => {
    assert.deepEqual(join(['P 1/2 half', 'O 1/1 whole']), { O: 'whole' });
    assert.deepEqual(join([]), {});
  });

  test('reads a backslash before an n', () => {
    assert.deepEqual(join(['D 1/1 C:\\\\new\\nline']), { D: 'C:\\new\nline' });
    assert.deepEqual(join(['J 1/1 \\\\\\n', 'I 1/1 \\\\\\\\n']), { J: '\\\n', I: '\\\\n' });
  });

  test('reads bodies that look like slips', () => {
    assert.deepEqual(join(['Z 2/2  A 1/1 b ', 'Z 1/2  3/4 ']), { Z: ' 3/4  A 1/1 b ' });
    assert.deepEqual(join(['K 1/1 C 2/2\r\\ndone']), { K: 'C 2/2\r\ndone' });
  });
});

describe('there and back', () => {
  test('a recipe with many lines', () => {
    assert.deepEqual(join(cut('A', 'flour\n\neggs\n\n\nmilk\n', 4).reverse()), { A: 'flour\n\neggs\n\n\nmilk\n' });
  });

  test('a path with backslashes', () => {
    assert.deepEqual(join(cut('B', '\\\\attic\\news\\\n\\', 5).reverse()), { B: '\\\\attic\\news\\\n\\' });
  });

  test('a greeting in many scripts', () => {
    assert.deepEqual(join(cut('C', 'Grüße, ψυχή, 鳩, 🕊️!', 7).reverse()), { C: 'Grüße, ψυχή, 鳩, 🕊️!' });
  });
});
