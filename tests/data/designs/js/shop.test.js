const { test, describe } = require('node:test')
const assert = require('node:assert')
const shop = require('../shop.js')

test('first', () => {
  let asked = 0
  const at = shop.first(100, (n) => {
    asked++
    return n >= 37
  })
  assert.equal(at, 37)
  assert.ok(asked <= 7)
})

test('register', () => {
  assert.equal(shop.register('tea'), 1)
  assert.deepEqual(shop.names(), ['tea'])
  shop.forget('tea')
})

test('register again', () => {
  assert.equal(shop.register('tea'), 1)
  shop.forget('tea')
  try {
    shop.register('rum')
    assert.equal(shop.register('rum'), 1)
  } catch (error) {
    assert.match(error.message, /rum/)
  }
  shop.forget('rum')
})

describe('more', () => {
  test('refuses', () => {
    assert.throws(() => shop.parse('x'), Error)
    assert.deepEqual(shop.parse('3 a'), { a: 3 })
  })
  test('each', async () => {
    const seen = []
    await shop.each([1, 2], (x) => {
      seen.push(x)
      assert.ok(x === 1 || x === 2)
    })
    assert.deepEqual(seen.sort(), [1, 2])
    for (const problem of shop.problems()) {
      assert.match(problem, /!/)
    }
    assert.ok(shop.guess() > 9 || shop.guess() < 8)
    assert.strictEqual(await shop.total([1, 2]), 3)
  })
})
