// Runs a file of checks in a process of its own and says whether it came to its end.
//
// The code under test is loaded there, never in the process that tells the test runner what passed. A file has
// passed if its process ended by itself, with exit code 0, and sent back the word that it was handed: so leaving
// early is not passing, and an endless loop is killed.
const { spawnSync } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const SECONDS = 10 // of processor time, whatever the machine's load

exports.passes = (file) => {
  const word = randomBytes(16).toString('hex')
  const limited = [`ulimit -t ${SECONDS}; exec "$@"`, 'sh', process.execPath, __filename]
  const done = spawnSync('/bin/sh', ['-c', ...limited, path.resolve(__dirname, file)], {
    input: word,
    encoding: 'utf8',
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  })
  if (done.signal === 'SIGKILL' || done.status === 137) throw new Error('it did not end in time')
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(why(done.stderr) || `exit code ${done.status ?? done.signal}`)
  if (done.output[3] !== word) throw new Error('the process ended before the checks did')
}

function why(stderr) {
  const lines = stderr.split('\n').map((line) => line.trim())
  const at = lines.findIndex((line) => /^(\w*Error)\b/.test(line))
  if (at < 0) return ''
  return lines.slice(at).filter(Boolean).slice(0, 3).join(' ').replace(/\[ERR_\w+\]/, '').replace(/ at .*/, '')
}

function seed(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function md5(text) {
  return require('node:crypto').createHash('md5').update(text).digest('hex')
}

if (require.main === module) {
  const { readSync, writeSync } = fs
  const Module = require('node:module')
  const load = Module._load
  Module._load = (name, ...rest) => (name === 'js-md5' ? md5 : load(name, ...rest))
  Math.random = seed(1)
  require(process.argv[2])
  const word = Buffer.alloc(32)
  readSync(0, word)
  writeSync(3, word)
  process.exit(0)
}
