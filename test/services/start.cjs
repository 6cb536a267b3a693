// Jest's globalSetup. CommonJS, because Jest takes the function from `module.exports` or from a default export, and this
// project has none of those. Jest does not resolve "./x.js" to "./x.ts" here as it does for specs, so the services are
// compiled first: to a folder of this process alone, as two runs at once would read each other's half-written files.
const { execFile } = require('node:child_process');
const { mkdir, mkdtemp, rm } = require('node:fs/promises');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { promisify } = require('node:util');

const ROOT = path.resolve(__dirname, '../..');
const COMPILER = path.join(ROOT, 'node_modules/typescript/bin/tsc');

module.exports = async function start() {
  const { startServices } = await compiledServices();
  const services = await startServices();
  process.env['TEST_REDIS_URL'] = services.redisUrl;
  process.env['TEST_POSTGRES_URL'] = services.postgresUrl;
  globalThis[Symbol.for('nestjs-dispatch.test-services')] = services;
};

async function compiledServices() {
  // Inside the project, from where the packages are found.
  await mkdir(path.join(ROOT, '.cache'), { recursive: true });
  const folder = await mkdtemp(path.join(ROOT, '.cache/services-'));
  try {
    await promisify(execFile)(process.execPath, [COMPILER, '-p', __dirname, '--noCheck', '--outDir', folder]);
    return await import(pathToFileURL(path.join(folder, 'services.js')).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
