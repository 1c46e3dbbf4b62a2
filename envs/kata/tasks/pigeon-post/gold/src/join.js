const SLIP = /^([A-Z]) (\d+)\/(\d+) (.*)$/s;

/**
 * Read the letters that are complete; FORMAT.md says what a slip is.
 *
 * @param {Iterable<string>} slips of any letters, in any order
 * @returns {Record<string, string>} the texts by their marks; letters of which a slip is missing are left out
 */
export function join(slips) {
  const letters = new Map();
  for (const slip of slips) {
    const [, mark, number, total, body] = SLIP.exec(slip);
    if (!letters.has(mark)) letters.set(mark, { total: Number(total), bodies: new Map() });
    letters.get(mark).bodies.set(Number(number), body);
  }
  const texts = {};
  for (const [mark, { total, bodies }] of letters) {
    if (bodies.size < total) continue;
    const inOrder = [...bodies.keys()].sort((a, b) => a - b).map((number) => bodies.get(number));
    texts[mark] = unescape(inOrder.join(''));
  }
  return texts;
}

function unescape(text) {
  return text.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
}
