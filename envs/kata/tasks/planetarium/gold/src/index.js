import { find } from './catalog.js';
import tour from './tour.js';

export { Body } from './body.js';
export { bodies, find } from './catalog.js';
export { closest, year } from './orbit.js';
export { default as SUN } from './sun.js';
export { default as tour } from './tour.js';

export default { find, tour };
