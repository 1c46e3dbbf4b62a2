const ESCAPES = { '\n': '\\n', '\\': '\\\\' };

/**
 * Cut a letter into slips, in order; FORMAT.md says what a slip is.
 *
 * @param {string} mark one of A to Z
 * @param {string} text well-formed Unicode
 * @param {number} size how many bytes a body may have, four or more
 * @returns {string[]}
 */
export function cut(mark, text, size) {
  const bodies = [''];
  let room = size;
  for (const character of text) {
    const piece = ESCAPES[character] ?? character;
    const bytes = Buffer.byteLength(piece);
    if (bytes > room) {
      bodies.push('');
      room = size;
    }
    bodies[bodies.length - 1] += piece;
    room -= bytes;
  }
  return bodies.map((body, index) => `${mark} ${index + 1}/${bodies.length} ${body}`);
}
