import { Inject, Injectable } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { Command, CommandHandler, DeadLetters, memoryClaimCheck, Queues } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { faultyQueue } from '../../testing/faulty-backend.js';
import { startQueued, until } from '../queued-application.js';

@Injectable()
class Log {
  readonly handled: string[] = [];
  isBroken = false;
}

class Note extends Command {
  constructor(readonly text: string) {
    super();
  }
}

@CommandHandler(Note)
class NoteHandler {
  constructor(@Inject(Log) private readonly log: Log) {}

  execute({ text }: Note): void {
    if (this.log.isBroken) throw new Error('broken');
    this.log.handled.push(text);
  }
}

const providers = [Log, NoteHandler];

describe('a message with a key', () => {
  it.each([
    { title: 'whose queue is not sequenced', sequenced: false, key: 'k' },
    { title: 'that is none, in a queue that is sequenced', sequenced: true, key: undefined },
  ])('$title asks for no line', async ({ sequenced, key }) => {
    let asked = 0;
    const count = (): Promise<never> => {
      asked += 1;
      return Promise.reject(new Error('nobody was to ask'));
    };
    const queue = faultyQueue({ backend: () => ({ keyBlock: count, changeKeyBlock: count }) });
    const defaults = { sequenced, maxAttempts: 1 };
    const { app, dispatcher } = await startQueued({ providers, options: { queue, queues: { defaults } } });
    const options = key === undefined ? {} : { key };
    await dispatcher.execute(new Note('one'), options);
    app.get(Log).isBroken = true;
    expect(await rejectionOf(dispatcher.execute(new Note('two'), options))).toMatchObject({ message: 'broken' });
    expect(asked).toBe(0);
  });

  it('is delivered again where the store does not say whether its key is free, and nothing of its key comes before', async () => {
    let isDown = true;
    const queue = faultyQueue({
      backend: (backend) => ({
        keyBlock: (...of) => {
          if (!isDown) return backend.keyBlock(...of);
          isDown = false;
          return Promise.reject(new Error('the store is down'));
        },
      }),
    });
    const { app, dispatcher, log } = await startQueued({
      providers,
      options: { queue, queues: { defaults: { sequenced: true } } },
    });
    await Promise.all(['one', 'two'].map((text) => dispatcher.send(new Note(text), { key: 'k' })));
    await until('both to be handled', () => app.get(Log).handled.length === 2);
    expect(app.get(Log).handled).toEqual(['one', 'two']);
    expect(JSON.stringify(log)).toContain('the store is down');
  });

  it('is parked behind another one with the payload that is kept elsewhere, and has it when it follows', async () => {
    const claimCheck = { store: memoryClaimCheck(), thresholdBytes: 10 };
    const queues = { defaults: { sequenced: true, maxAttempts: 1 } };
    const { app, dispatcher } = await startQueued({ providers, options: { claimCheck, queues } });
    const log = app.get(Log);
    const letters = app.get(DeadLetters);
    log.isBroken = true;
    await dispatcher.send(new Note('the first of all'), { key: 'k' });
    await dispatcher.send(new Note('the one that follows'), { key: 'k' });
    await until('both to be parked', async () => (await letters.count()) === 2);
    log.isBroken = false;
    expect(await letters.replay({})).toMatchObject({ replayed: 1, following: 1 });
    await until('both to be handled', () => log.handled.length === 2);
    expect(log.handled).toEqual(['the first of all', 'the one that follows']);
  });

  it('is parked as unreadable behind another one where nothing can be read of it', async () => {
    let spoils = false;
    const queue = faultyQueue({ entry: (entry) => (spoils ? { ...entry, data: 'spoilt' } : entry) });
    const queues = { defaults: { sequenced: true, maxAttempts: 1 } };
    const { app, dispatcher } = await startQueued({ providers, options: { queue, queues } });
    app.get(Log).isBroken = true;
    await dispatcher.send(new Note('one'), { key: 'k' });
    spoils = true;
    await dispatcher.send(new Note('two'), { key: 'k' });
    const parked = async () => (await app.get(Queues).counts('default')).parked;
    await until('both to be parked', async () => (await parked()).unreadable === 1);
    expect(await parked()).toMatchObject({ failed: 1, unreadable: 1 });
  });
});
