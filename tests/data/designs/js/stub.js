module.exports = Object.fromEntries(['first','register','forget','names','parse','each','problems','guess','total'].map((n) => [n, () => null]))
