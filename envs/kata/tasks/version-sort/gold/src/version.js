'use strict';

const NUMBER = '(0|[1-9]\\d*)';
const LABEL = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const PATTERN = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${LABEL}(?:\\.${LABEL})*))?(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$`,
);

/**
 * Take a version apart: `{ numbers: [major, minor, patch], labels: [...] }`, all as strings.
 * Build metadata (`+…`) is checked and dropped. Throws TypeError for anything that is not a version.
 */
function parse(version) {
  const match = typeof version === 'string' ? PATTERN.exec(version) : null;
  if (match === null) throw new TypeError(`not a version: ${version}`);
  const [, major, minor, patch, labels] = match;
  return { numbers: [major, minor, patch], labels: labels === undefined ? [] : labels.split('.') };
}

/**
 * Return a negative number, 0 or a positive number: which of two versions comes first.
 *
 * Major, minor and patch are compared as numbers, of any length. Then a version with labels (`1.0.0-rc.1`) comes
 * before the same one without. Labels are compared one by one: both numeric, as numbers; numeric before
 * alphanumeric; both alphanumeric, by their ASCII codes. If all are equal, fewer labels come first.
 */
function compare(a, b) {
  const left = parse(a);
  const right = parse(b);
  for (const [index, number] of left.numbers.entries()) {
    const order = compareNumbers(number, right.numbers[index]);
    if (order !== 0) return order;
  }
  if (left.labels.length === 0 || right.labels.length === 0) return right.labels.length - left.labels.length;
  for (let index = 0; index < Math.min(left.labels.length, right.labels.length); index += 1) {
    const order = compareLabels(left.labels[index], right.labels[index]);
    if (order !== 0) return order;
  }
  return left.labels.length - right.labels.length;
}

/** Compare strings of digits without leading zeros. */
function compareNumbers(a, b) {
  return a.length - b.length || compareText(a, b);
}

function compareLabels(a, b) {
  const numeric = [a, b].map((label) => /^\d+$/.test(label));
  if (numeric[0] && numeric[1]) return compareNumbers(a, b);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return compareText(a, b);
}

function compareText(a, b) {
  return a < b ? -1 : Number(a > b);
}

/** Return a new array of the versions from the oldest to the newest; equal ones stay in their order. */
function sort(versions) {
  return [...versions].sort(compare);
}

/** Return the newest version without labels, or undefined if there is none. */
function latest(versions) {
  return sort(versions.filter((version) => parse(version).labels.length === 0)).pop();
}

module.exports = { compare, latest, parse, sort };
