// A reporter for mocha. It writes what it saw, in the shape of jest's report, to the file that the environment names.
const { writeFileSync } = require('node:fs');

const path = process.env.CODEGYM_REPORT;

module.exports = function Reporter(runner) {
  const files = new Map();
  const add = (test, status, why) => {
    const name = test.file ?? test.parent?.file ?? '';
    if (!files.has(name)) files.set(name, []);
    const titles = test.titlePath ? test.titlePath() : [test.fullTitle()];
    files.get(name).push({ ancestorTitles: titles.slice(0, -1), title: titles.at(-1), status, failureMessages: why });
  };
  runner.on('pass', (test) => add(test, 'passed', []));
  runner.on('pending', (test) => add(test, 'pending', []));
  runner.on('fail', (test, error) => {
    let why = 'an error that has no text';
    try {
      why = String(error?.stack ?? error?.message ?? error);
    } catch {
      // What a test throws can be anything.
    }
    add(test, test.type === 'hook' ? 'hook' : 'failed', [why]);
  });
  runner.on('end', () => {
    const testResults = [...files].map(([name, assertionResults]) => ({ name, assertionResults, message: '' }));
    writeFileSync(path, JSON.stringify({ testResults }));
  });
};
