import { find } from './catalog.js';
import { tour } from './tour.js';

export * from './body.js';
export * from './catalog.js';
export * from './orbit.js';
export * from './sun.js';
export * from './tour.js';

module.exports = { find, tour };
