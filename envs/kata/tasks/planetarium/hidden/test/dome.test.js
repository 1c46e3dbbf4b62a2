import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const EXPORTS = {
  body: ['Body'],
  catalog: ['bodies', 'find'],
  orbit: ['closest', 'year'],
  sun: ['default'],
  tour: ['default'],
  index: ['Body', 'SUN', 'bodies', 'closest', 'default', 'find', 'tour', 'year'],
};

const load = (name) => import(`../src/${name}.js`);

describe('modules', () => {
  for (const [name, exported] of Object.entries(EXPORTS)) {
    test(`${name} exports what the README says`, async () => {
      const module = await load(name);
      assert.ok(exported.every((key) => key in module), Object.keys(module).join());
      if (name === 'index') assert.deepEqual(Object.keys(module).sort(), exported);
    });

    test(`${name} can be loaded first`, () => {
      const file = new URL(`../src/${name}.js`, import.meta.url).href;
      execFileSync(process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(file)})`], {
        cwd: '/',
        stdio: 'pipe',
      });
    });

    test(`${name} is a module through and through`, async () => {
      await load(name);
      const source = readFileSync(fileURLToPath(new URL(`../src/${name}.js`, import.meta.url)), 'utf8');
      assert.doesNotMatch(source, /\brequire\s*\(|\bmodule\.exports\b|createRequire/);
    });
  }

  test('there is one Sun', async () => {
    const [{ SUN, bodies, find }, { default: sun }] = [await load('index'), await load('sun')];
    assert.equal(SUN, sun);
    assert.equal(bodies[0], sun);
    assert.equal(find('Sun'), sun);
  });
});

describe('sky', () => {
  test('all bodies are bodies', async () => {
    const { Body, bodies } = await load('index');
    assert.equal(bodies.length, 7);
    assert.ok(bodies.every((body) => body instanceof Body));
    assert.deepEqual({ ...new Body('X', { moons: 3 }) }, { name: 'X', au: 0, moons: 3 });
  });

  test('finding', async () => {
    const { default: planetarium, find } = await load('index');
    assert.equal(find('Saturn').au, 9.537);
    assert.equal(find('Vulcan'), undefined);
    assert.equal(planetarium.find, find);
  });

  test('years', async () => {
    const { SUN, find, year } = await load('index');
    assert.equal(year(find('Earth')), 1);
    assert.ok(Math.abs(year(find('Jupiter')) - 11.868) < 0.001);
    assert.ok(Number.isNaN(year(SUN)));
  });

  test('neighbours', async () => {
    const { closest, find } = await load('index');
    assert.equal(closest(find('Earth')).name, 'Venus');
    assert.equal(closest(find('Saturn')).name, 'Jupiter');
  });

  test('the tour', async () => {
    const { default: planetarium, tour } = await load('index');
    assert.equal(planetarium.tour, tour);
    assert.equal(tour(), 'Sun > Mercury > Venus > Earth > Mars > Jupiter > Saturn');
  });
});
