const SLIP = /^([A-Z]) (\d+)\/(\d+) (.*)$/s;

/**
 * Read the letters that are complete; FORMAT.md says what a slip is.
 *
 * @param {Iterable<string>} slips of any letters, in any order
 * @returns {Record<string, string>} the texts by their marks; letters of which a slip is missing are left out
 */
export function join(slips) {
  const letters = new Map();
  for (const slip of [...slips].sort()) {
    const [, mark, , total, body] = SLIP.exec(slip);
    if (!letters.has(mark)) letters.set(mark, { total: Number(total), bodies: [] });
    letters.get(mark).bodies.push(body);
  }
  const texts = {};
  for (const [mark, { total, bodies }] of letters) {
    if (bodies.length >= total) texts[mark] = unescape(bodies.join(''));
  }
  return texts;
}

function unescape(text) {
  return text.replaceAll('\\n', '\n').replaceAll('\\\\', '\\');
}
