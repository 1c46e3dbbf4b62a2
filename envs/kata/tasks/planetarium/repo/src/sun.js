import Body from './body';

/** The one in the middle. */
export default const SUN = new Body('Sun');
