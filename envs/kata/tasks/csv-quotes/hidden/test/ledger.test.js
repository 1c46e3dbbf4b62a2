'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { parse, stringify } = require('../src/csv.js');

const GOOD = {
  'simple rows': ['a,b,c\n1,2,3\n', [['a', 'b', 'c'], ['1', '2', '3']]],
  'a missing last line end': ['a,b\nc,d', [['a', 'b'], ['c', 'd']]],
  'no text': ['', []],
  'one empty line': ['\n', [['']]],
  'empty lines between and at the end': ['a\n\nb\n\n', [['a'], [''], ['b'], ['']]],
  'empty fields': [',a,\n,,\n', [['', 'a', ''], ['', '', '']]],
  'a separator at the end of the text': ['a,', [['a', '']]],
  'rows that end with CR LF': ['a,b\r\n\r\nc,"d"\r\n', [['a', 'b'], [''], ['c', 'd']]],
  'a lone CR': ['a\rb,c\r', [['a\rb', 'c\r']]],
  'blanks at both ends': ['  a , b  \n\tc\t\n ', [['  a ', ' b  '], ['\tc\t'], [' ']]],
  'line ends inside of quotes': ['"one\ntwo","three\r\nfour"\nx,y', [['one\ntwo', 'three\r\nfour'], ['x', 'y']]],
  'doubled quotes': ['"""",""""""\n"a""",b', [['"', '""'], ['a"', 'b']]],
  'quotes around nothing': ['"",a\n""', [['', 'a'], ['']]],
  'quotes inside of plain fields': ['5" nail,a"b"c\n x"y,"z"', [['5" nail', 'a"b"c'], [' x"y', 'z']]],
  'a blank before a quote': [' "a",b', [[' "a"', 'b']]],
};

const BAD = {
  'a quote that is not closed': 'a,"b\nc,d\n',
  'a quote that is opened last': 'a,"',
  'a doubled quote that closes nothing': '"a""',
  'text after a quote': '"a"b,c',
  'a blank after a quote': '"a" ,b',
  'a lone CR after a quote': '"a"\rb',
};

describe('parse', () => {
  for (const [name, [text, rows]] of Object.entries(GOOD)) {
    test(`reads ${name}`, () => assert.deepEqual(parse(text), rows));
  }
  for (const [name, text] of Object.entries(BAD)) {
    test(`refuses ${name}`, () => assert.throws(() => parse(text), SyntaxError));
  }
  test('takes another separator', () => {
    assert.deepEqual(parse('1,5;"a;b"\n;x', { separator: ';' }), [['1,5', 'a;b'], ['', 'x']]);
    assert.deepEqual(parse('a\tb, c\n', { separator: '\t' }), [['a', 'b, c']]);
    assert.deepEqual(parse('a|"b"|c', { separator: '|' }), [['a', 'b', 'c']]);
  });
});

describe('stringify', () => {
  test('writes values of all kinds', () => {
    assert.equal(stringify([[0, false, 1.5, null, undefined, '', 'x']]), '0,false,1.5,,,,x\n');
  });
  test('doubles every quote', () => {
    assert.equal(stringify([['a "b" c', '"']]), '"a ""b"" c",""""\n');
  });
  test('quotes line ends', () => {
    assert.equal(stringify([['a\nb', 'c\rd', 'e']]), '"a\nb","c\rd",e\n');
  });
  test('quotes nothing that needs no quotes', () => {
    assert.equal(stringify([[' a ', "it's", 'x;y']]), " a ,it's,x;y\n");
  });
  test('takes another separator', () => {
    assert.equal(stringify([['1,5', 'a;b']], { separator: ';' }), '1,5;"a;b"\n');
  });
  test('writes no rows', () => assert.equal(stringify([]), ''));
});

describe('both', () => {
  const pieces = ['', 'a', '"', ',', ';', '\n', '\r\n', '\r', ' ', 'b"c', '0'];
  test('reads back what was written', () => {
    const rows = pieces.map((first) => pieces.map((second) => first + second));
    for (const separator of [',', ';']) {
      assert.deepEqual(parse(stringify(rows, { separator }), { separator }), rows);
    }
  });
});
