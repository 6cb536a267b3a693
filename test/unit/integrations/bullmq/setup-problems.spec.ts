import { describe, expect, it, jest } from '@jest/globals';
import type { QueueBackendFactory } from 'nestjs-dispatch';

import {
  bullmq,
  bullmqPostgres,
  migrateBullmqPostgres,
  type BullmqOptions,
  type BullmqPostgresOptions,
} from '../../../../lib/integrations/bullmq/index.js';
import { rejectionOf, start } from '../../dispatcher/application.js';

const HOST = { instanceId: 'one', replied: () => undefined, happened: () => undefined };
/** As far as the options look at it. */
const POOL = { connect: () => undefined, query: () => undefined, end: () => undefined };
const CLIENT = { status: 'ready', options: {}, duplicate: () => undefined, quit: () => undefined };

describe('what is given in the place of the options of a store', () => {
  it.each<[unknown, string]>([
    [
      'redis://user:secret@host',
      "The options of bullmq() cannot be used: they are a text: pass { connection: 'redis://…' }.",
    ],
    [CLIENT, 'they are a connection: pass { connection: … }'],
    [null, "they are no object: pass such as { connection: 'redis://…' }"],
    [[], 'they are no object'],
    [7, 'they are no object'],
  ])('is refused by bullmq() with what to pass: %j', (given, text) => {
    // What JavaScript can give.
    const create = (): unknown => bullmq(given as BullmqOptions).create(HOST);
    expect(create).toThrow(expect.objectContaining({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS' }));
    expect(create).toThrow(text);
    expect(create).not.toThrow(/secret|unknown option/);
  });

  it.each<[unknown, string]>([
    ['postgres://user:secret@host/db', "they are a text: pass { connection: 'postgres://…' }."],
    [POOL, 'they are a connection: pass { connection: … }'],
    [null, "they are no object: pass such as { connection: 'postgres://…' }"],
  ])('is refused by bullmqPostgres() and its migration with what to pass: %j', async (given, text) => {
    const options = given as BullmqPostgresOptions;
    const create = (): unknown => bullmqPostgres(options).create(HOST);
    expect(create).toThrow(`The options of bullmqPostgres() cannot be used: ${text}`);
    expect(create).not.toThrow(/secret|unknown option/);
    expect(await rejectionOf(migrateBullmqPostgres(options))).toMatchObject({
      code: 'DISPATCH_INVALID_QUEUE_OPTIONS',
      message: expect.stringContaining(`The options of migrateBullmqPostgres() cannot be used: ${text}`),
    });
  });
});

describe('a package that a store connects with', () => {
  it.each<[string, string, QueueBackendFactory]>([
    ['ioredis', 'bullmq()', bullmq()],
    ['ioredis', 'bullmq()', bullmq({ atBoot: 'wait' })],
    ['pg', 'bullmqPostgres()', bullmqPostgres({ connection: 'postgres://127.0.0.1/none' })],
  ])('is named with how to install it where it is not there: %s of %s', async (name, subject, queue) => {
    jest.unstable_mockModule(name, () => {
      // As Node says it.
      const error = new Error(`Cannot find package '${name}' imported from /app/node_modules/nestjs-dispatch/x.js`);
      throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
    });
    const error = await rejectionOf(start({ options: { queue } }));
    expect(error).toMatchObject({
      code: 'DISPATCH_INVALID_QUEUE_OPTIONS',
      subject,
      message: expect.stringMatching(`need the package "${name}", which cannot be loaded .*: npm install ${name}`),
    });
  });
});
