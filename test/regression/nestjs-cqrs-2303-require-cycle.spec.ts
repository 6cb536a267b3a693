import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { BuiltPackage } from './built-package.js';

// Compilers and processes are started, on a machine that may be busy.
jest.setTimeout(60_000);

/** Boots an application and executes one command; works as a script and as a module. */
const application = (dispatch: string, core: string) => `
(async () => {
  const { CommandBus, CommandHandler, DispatchModule } = ${dispatch};
  const { NestFactory } = ${core};
  class Ping {}
  class PingHandler { async execute() { return 'pong'; } }
  CommandHandler(Ping)(PingHandler);
  class AppModule {}
  const root = { module: AppModule, imports: [DispatchModule.forRoot()], providers: [PingHandler] };
  const app = await NestFactory.createApplicationContext(root, { logger: false });
  process.stdout.write(await app.get(CommandBus).execute(new Ping()));
  await app.close();
})();
`;

const asScript = `require('reflect-metadata');${application(`require('nestjs-dispatch')`, `require('@nestjs/core')`)}`;
const asModule = `import 'reflect-metadata';${application(`await import('nestjs-dispatch')`, `await import('@nestjs/core')`)}`;

describe('the compiled package (nestjs/cqrs#2303, nestjs/nest#17583)', () => {
  let built: BuiltPackage;

  beforeAll(() => {
    built = new BuiltPackage();
  });
  afterAll(() => {
    built.remove();
  });

  it.each([
    ['a script that requires it', { 'main.cjs': asScript }],
    ['a module that imports it', { 'main.mjs': asModule }],
    [
      'a script that requires it first, and a module that the script imports',
      { 'first.cjs': `require('nestjs-dispatch'); import('./second.mjs');`, 'second.mjs': asModule },
    ],
    [
      'a module that imports it while it requires a script that requires it',
      {
        'entry.mjs': `import 'nestjs-dispatch'; import './script.cjs';`,
        'script.cjs': asScript,
      },
    ],
    [
      'a script that requires it while a module is importing it',
      { 'race.cjs': `const importing = import('nestjs-dispatch'); importing.then(() => undefined);${asScript}` },
    ],
  ])('runs an application from %s', (_way, files) => {
    const { status, stdout, stderr } = built.run(files);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'pong', stderr: '' });
  });

  it('is one set of classes for those that require it and those that import it', () => {
    const compare = `
      import { createRequire } from 'node:module';
      import * as imported from 'nestjs-dispatch';
      const required = createRequire(import.meta.url)('nestjs-dispatch');
      const names = Object.keys(imported);
      process.stdout.write(String(names.length > 50 && names.every((name) => imported[name] === required[name])));
    `;
    expect(built.run({ 'compare.mjs': compare }).stdout).toBe('true');
  });
});
