import { describe, expect, it } from '@jest/globals';
import { Command, Message, Queues } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn, newQueue } from '../e2e/run-modes/modes.js';
import { rejectionOf } from '../unit/dispatcher/application.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

@Message('mail.welcome')
class Welcome extends Command<string> {}
@Message('mail.remind')
class Remind extends Command<string> {}
@Message('mail.bill')
class BillByMail extends Command<string> {}

const welcome = commandHandler(Welcome, () => 'welcome');
const remind = commandHandler(Remind, () => 'reminder');

// There, one class takes all jobs of a queue and tells them apart in a switch; what the switch forgets is lost as handled.
describe.each(QUEUED_MODES)('several messages in one queue, $name (nestjs/bull#1392)', (mode) => {
  it('each reach the handler of their name', async () => {
    const { dispatcher } = await startIn(mode, { providers: [welcome, remind] });
    const all = [new Welcome(), new Remind(), new Welcome()].map((message) => dispatcher.execute(message));
    expect(await Promise.all(all)).toEqual(['welcome', 'reminder', 'welcome']);
  });

  it('are parked, and told of, where their name has no handler, and the next one is handled', async () => {
    const queue = newQueue();
    const routes = [{ messages: [BillByMail], queue }];
    const { app, dispatcher } = await startIn(mode, { queue, providers: [welcome], options: { routes } });
    const error = await rejectionOf(dispatcher.execute(new BillByMail()));
    expect(error).toMatchObject({ name: 'UnhandledEntryError', code: 'DISPATCH_UNHANDLED_ENTRY' });
    expect(await app.get(Queues).parked(queue, 'unhandled')).toMatchObject([{ name: 'mail.bill' }]);
    expect(await dispatcher.execute(new Welcome())).toBe('welcome');
  });
});
