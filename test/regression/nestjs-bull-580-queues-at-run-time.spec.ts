import { describe, expect, it } from '@jest/globals';
import { Command, Queues } from 'nestjs-dispatch';

import { newQueue, QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { rejectionOf } from '../unit/dispatcher/application.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Sync extends Command<string | undefined> {}

const providers = [commandHandler(Sync, (_sync, { queue }) => queue)];

// There, queues are those that modules registered at start-up: one for each customer cannot be added later.
describe.each(QUEUED_MODES)('a queue that is made while the application runs, $name (nestjs/bull#580)', (mode) => {
  it('is refused before, worked on after, set as asked for, and closed with the application', async () => {
    const late = newQueue();
    const { app, dispatcher } = await startIn(mode, { providers });
    const refused = await rejectionOf(dispatcher.execute(new Sync(), { queue: late }));
    expect(refused).toMatchObject({ code: 'DISPATCH_INVALID_SEND_OPTIONS', message: expect.stringContaining(late) });
    const queues = app.get(Queues);
    await queues.ensure(late, { concurrency: 3 });
    await queues.ensure(late, { concurrency: 7 });
    expect(await dispatcher.execute(new Sync(), { queue: late })).toBe(late);
    expect(queues.settings(late).concurrency).toBe(3);
    expect(await queues.drain(late)).toBe(true);
    await app.close();
    expect(await rejectionOf(dispatcher.execute(new Sync(), { queue: late }))).toMatchObject({
      code: 'DISPATCH_CLOSED',
    });
  });
});
