import { describe, expect, it } from '@jest/globals';

import { bullmq, type BullmqOptions } from '../../../../lib/integrations/bullmq/index.js';
import { resolveBullmqOptions } from '../../../../lib/integrations/bullmq/redis/redis-options.js';

const HOST = { instanceId: 'one', replied: () => undefined, happened: () => undefined };
/** As far as the options look at it. */
const CLUSTER = {
  status: 'ready',
  isCluster: true,
  options: {},
  duplicate: () => undefined,
  quit: () => Promise.resolve(),
};

describe('options of bullmq()', () => {
  it('have defaults, with a hash tag in the prefix for a Cluster', () => {
    expect(resolveBullmqOptions({})).toEqual({
      connection: {},
      prefix: 'dispatch',
      availability: { atBoot: 'fail', connectTimeoutMs: 10_000, whenDown: 'fail', commandTimeoutMs: 5000 },
    });
    expect(resolveBullmqOptions({ connection: CLUSTER }).prefix).toBe('{dispatch}');
    expect(resolveBullmqOptions({ connection: CLUSTER, prefix: '{mine}:x' }).prefix).toBe('{mine}:x');
  });

  it('are refused with everything that is wrong, and without the password', () => {
    // What JavaScript, or a configuration file, can give.
    const options = {
      connection: 'http://user:secret@host',
      prefix: '',
      atBoot: 'never',
      commandTimeoutMs: 0,
      conection: 1,
    } as unknown as BullmqOptions;
    const create = (): unknown => bullmq(options).create(HOST);
    expect(create).toThrow(expect.objectContaining({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS' }));
    expect(create).toThrow(/unknown option "conection".*atBoot "never".*commandTimeoutMs 0.*prefix "".*redis:\/\//);
    expect(create).not.toThrow(/secret/);
  });

  it('refuse a prefix without a hash tag for a Cluster, and a connection with a key prefix', () => {
    expect(() => resolveBullmqOptions({ connection: CLUSTER, prefix: 'mine' })).toThrow('write "{mine}"');
    expect(() => resolveBullmqOptions({ connection: { keyPrefix: 'x:' } })).toThrow('keyPrefix');
  });
});
