const names = []
module.exports = {
  first(count, ask) { let low = 0, high = count; while (low < high) { const m = (low + high) >> 1; if (ask(m)) high = m; else low = m + 1 } return low },
  register(name) { if (!names.includes(name)) names.push(name); return names.indexOf(name) + 1 },
  forget(name) { const n = names.indexOf(name); if (n >= 0) names.splice(n, 1) },
  names() { return [...names] },
  parse(text) { const [n, name] = text.split(' '); if (!name) throw new TypeError('bad'); return { [name]: +n } },
  async each(items, action) { for (const item of items) action(item) },
  problems() { return ['no!'] },
  guess() { return 7 },
  async total(xs) { return xs.reduce((a, b) => a + b, 0) },
}
