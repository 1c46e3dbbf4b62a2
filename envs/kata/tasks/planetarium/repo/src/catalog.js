const { readFileSync } = require('node:fs');
const path = require('node:path');

import { Body } from './body.js';
import { SUN } from './sun.js';
import { tour } from './tour.js';

const planets = JSON.parse(readFileSync(path.join(__dirname, '../data/planets.json'), 'utf8'));

/** The Sun and its planets, from the inside out. */
export const bodies = [SUN, ...planets.map(({ name, ...facts }) => new Body(name, facts))];

/** Return the body of that name, or undefined. */
export function find(name) {
  return bodies.find((body) => body.name === name);
}

exports.find = find;
