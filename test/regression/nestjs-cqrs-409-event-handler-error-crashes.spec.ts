import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Scope } from '@nestjs/common';
import { EventBus, EventsHandler } from 'nestjs-dispatch';

import { collectFailures, settle, start } from './application.js';
import { BuiltPackage } from './built-package.js';

// Compilers and processes are started, on a machine that may be busy.
jest.setTimeout(60_000);

class Placed {}

const seen: string[] = [];

@EventsHandler(Placed)
class Throwing {
  handle() {
    throw new Error('thrown');
  }
}

@EventsHandler(Placed)
class Rejecting {
  async handle() {
    await settle();
    throw new Error('rejected');
  }
}

@EventsHandler(Placed)
class RejectingWithNothing {
  async handle() {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- code that is not ours does it
    return Promise.reject();
  }
}

@EventsHandler(Placed, { scope: Scope.REQUEST })
class Unmakeable {
  constructor() {
    if (seen.length >= 0) throw new Error('not made');
  }

  handle() {
    seen.push('never');
  }
}

@EventsHandler(Placed)
class Working {
  handle() {
    seen.push('handled');
  }
}

/** Runs in a process of its own: what no test runner catches ends it. */
const program = (ending: string) => `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, CommandHandler, DispatchModule, EventBus, EventsHandler } from 'nestjs-dispatch';

class Placed {}
class Throwing { handle() { throw new Error('thrown'); } }
class Rejecting { async handle() { throw new Error('rejected'); } }
class AppModule {}
EventsHandler(Placed)(Throwing);
EventsHandler(Placed)(Rejecting);
class Pay {}
class Ship {}
class Paying { async execute() { throw new Error('not paid'); } }
class Shipping { async execute(_command, { signal }) { signal.throwIfAborted(); throw new Error('not shipped'); } }
CommandHandler(Pay)(Paying);
CommandHandler(Ship)(Shipping);
Module({ imports: [DispatchModule.forRoot()], providers: [Throwing, Rejecting, Paying, Shipping] })(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
app.get(EventBus).subscribe(() => { throw new Error('a subscriber has thrown'); });
void app.get(EventBus).publish(new Placed());
${ending}
setTimeout(() => setTimeout(() => process.stdout.write('alive')));
`;

describe('an error in an event handler (nestjs/cqrs#409)', () => {
  let built: BuiltPackage;

  beforeAll(() => {
    built = new BuiltPackage();
  });
  afterAll(() => {
    built.remove();
  });

  it('is reported once per handler and spares the other handlers, the publisher and the next event', async () => {
    const app = await start([Throwing, Rejecting, RejectingWithNothing, Unmakeable, Working]);
    const failures = collectFailures(app);
    await app.get(EventBus).publish(new Placed());
    await app.get(EventBus).publish(new Placed());
    await settle();
    await settle();
    expect(seen).toEqual(['handled', 'handled']);
    const once = ['Placed: Error: not made', 'Placed: Error: rejected', 'Placed: Error: thrown', 'Placed: undefined'];
    expect(failures.toSorted()).toEqual([...once, ...once].toSorted());
    await app.close();
  });

  it('would end a process that lets it out', () => {
    const { status, stdout } = built.run({ 'floating.mjs': program('void Promise.reject(new Error());') });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  it("is the caller's own where it is a command that was not awaited: an unhandled rejection, not silence", () => {
    const { stdout } = built.run({
      'unawaited.mjs': program(`
        process.on('unhandledRejection', (error) => process.stdout.write(\`\${error.message}, \`));
        class Fail {}
        void app.get(CommandBus).execute(new Fail());
        void app.get(CommandBus).execute(new Pay());
        void app.get(CommandBus).execute(new Ship());
      `),
    });
    expect(stdout).toContain('No handler for the command "Fail"');
    expect(stdout).toContain('not paid');
    expect(stdout).toContain('not shipped');
    expect(stdout).toMatch(/alive$/);
  });

  it('does not end the process, nor does one in a subscriber of the bus', () => {
    const { status, stdout, stderr } = built.run({ 'main.mjs': program('') });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'alive', stderr: '' });
  });
});
