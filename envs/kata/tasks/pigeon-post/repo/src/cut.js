/**
 * Cut a letter into slips, in order; FORMAT.md says what a slip is.
 *
 * @param {string} mark one of A to Z
 * @param {string} text well-formed Unicode
 * @param {number} size how many bytes a body may have, four or more
 * @returns {string[]}
 */
export function cut(mark, text, size) {
  const total = Math.max(1, Math.ceil(text.length / size));
  const escaped = text.replaceAll('\n', '\\n');
  const slips = [];
  for (let number = 1; number <= total; number++) {
    const body = escaped.slice((number - 1) * size, number * size);
    slips.push(`${mark} ${number}/${total} ${body}`);
  }
  return slips;
}
