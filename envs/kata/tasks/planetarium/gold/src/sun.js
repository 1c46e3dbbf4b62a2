import { Body } from './body.js';

/** The one in the middle. */
const SUN = new Body('Sun');

export default SUN;
