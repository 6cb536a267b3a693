import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  FailureDecidedNotification,
  Message,
  MessageRoutedNotification,
  OnError,
  Query,
  QueryHandler,
  retry,
  RunMode,
  type DispatchOptions,
  type Explanation,
  type HandlerContext,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { MODES, QUEUED_MODES, startIn, type Mode } from './modes.js';
import { Journal } from './orders.js';

class BusyError extends Error {
  override readonly name = 'BusyError';
}

@Message('decisions.ship')
class Ship extends Command<string> {
  constructor(readonly failures = 0) {
    super();
  }
}
@Message('decisions.shipped')
class Shipped extends Event {}
@Message('decisions.where')
class Where extends Query<string> {}
@Message('decisions.elsewhere')
class Elsewhere extends Command {}

@CommandHandler(Ship)
@OnError(BusyError, retry('1ms').thenDeadLetter('bank'))
class ShipHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute({ failures }: Ship, { attempt }: HandlerContext): string {
    this.journal.note('ship', attempt);
    if (attempt <= failures) throw new BusyError('no lorry');
    return 'shipped';
  }
}

@EventsHandler(Shipped)
class Mailer {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle(): void {
    this.journal.note('mail');
  }
}

@EventsHandler(Shipped)
class Ledger extends Mailer {}

@QueryHandler(Where)
class WhereHandler {
  execute(): string {
    return 'here';
  }
}

const RULE = 'handler: on(BusyError) retry 1ms, then dead letter at bank';
const DEFAULT = 'the default of DispatchModule.forRoot()';
const providers = [Journal, ShipHandler, Mailer, Ledger, WhereHandler];

async function startDeciding(mode: Mode, options: DispatchOptions = {}) {
  const application = await startIn(mode, { providers, options });
  return { ...application, journal: application.app.get(Journal) };
}

const routingsOf = ({ kind, messageName, handlers }: Explanation) =>
  handlers.map(({ failures: _failures, ...facts }) => ({ kind, messageName, ...facts }));

describe.each(MODES)('decisions in $name', (mode) => {
  it('are told for each message and handler, as explain() tells them before', async () => {
    const application = await startDeciding(mode);
    const { dispatcher, queue } = application;
    const routed = collect(application, MessageRoutedNotification);
    await dispatcher.execute(new Ship(), { id: 'ship-1' });
    await dispatcher.query(new Where());
    await dispatcher.publishAndWait(new Shipped());
    await until('the notifications', () => routed.length === 4);
    expect(routed).toMatchObject([Ship, Where, Shipped].flatMap((type) => routingsOf(dispatcher.explain(type))));
    expect(routed[0]).toMatchObject({ messageId: 'ship-1', handler: 'ShipHandler', runModeBecauseOf: DEFAULT, queue });
    expect(routed.slice(2).map(({ handler }) => handler)).toEqual(['Mailer', 'Ledger']);
  });

  it('tell what the call has said, and of an event that nobody waits for', async () => {
    const application = await startDeciding(mode);
    const { dispatcher, journal } = application;
    const routed = collect(application, MessageRoutedNotification);
    await dispatcher.execute(new Ship(), { runMode: RunMode.Sync });
    await dispatcher.publish(new Shipped(), { runMode: RunMode.Sync });
    await until('the notifications', () => routed.length === 3);
    const said = { runMode: RunMode.Sync, queue: undefined, runModeBecauseOf: 'the options of the call' };
    expect(routed).toMatchObject([said, said, said]);
    expect(journal.entries).toEqual(['ship 1', 'mail', 'mail']);
  });

  it('about failures name the rule, the attempt and the action, and the next message is decided anew', async () => {
    const application = await startDeciding(mode);
    const { dispatcher } = application;
    const decided = collect(application, FailureDecidedNotification);
    expect(await rejectionOf(dispatcher.execute(new Ship(9)))).toMatchObject({ message: 'no lorry' });
    const last = mode.queue === undefined ? { action: 'rethrow' } : { action: 'deadLetter', place: 'bank' };
    await until('the notifications', () => decided.length === 2);
    expect(decided).toMatchObject([
      { attempt: 1, rule: RULE, action: { action: 'retry', delayMs: 1 }, error: { message: 'no lorry' } },
      { attempt: 2, rule: RULE, action: last, context: { name: 'decisions.ship', handler: { key: 'ShipHandler' } } },
    ]);
    expect(dispatcher.explain(Ship).handlers[0]?.failures[0]).toBe(RULE);
    expect(await dispatcher.execute(new Ship(1))).toBe('shipped');
    await until('one more', () => decided.length === 3);
    expect(decided[2]).toMatchObject({ attempt: 1, action: { action: 'retry' } });
  });

  it('are logged for debugging where the module asks for it, observed or not', async () => {
    const application = await startDeciding(mode, { decisionLog: true });
    const { dispatcher, log, queue } = application;
    await dispatcher.execute(new Ship(1), { id: 'ship-2' });
    await dispatcher.query(new Where());
    const lines = log.lines.filter((line) => line.startsWith('debug'));
    const name = mode.queue === undefined ? 'Sync' : 'Async';
    const where = `RunMode.${name} (because of ${DEFAULT})`;
    const through = queue === undefined ? '' : ` through the queue "${queue}" (because of ${DEFAULT})`;
    expect(lines[0]).toBe(`debug command "decisions.ship" (ship-2) to ShipHandler: ${where}${through}`);
    expect(lines[1]).toBe(
      `debug ShipHandler failed at the command "decisions.ship" (ship-2), attempt 1: no lorry; retry in 1 ms (because of ${RULE})`,
    );
    expect(lines[2]).toContain('query "decisions.where"');
  });

  it('are not logged unless that is asked for', async () => {
    const { dispatcher, log } = await startDeciding(mode);
    await dispatcher.execute(new Ship());
    expect(log.lines).toEqual([]);
  });
});

describe.each(QUEUED_MODES)('decisions in $name', (mode) => {
  it('tell of what is sent on, and of what only others handle', async () => {
    const application = await startDeciding(mode, { routes: [{ messages: [Elsewhere], queue: 'far' }] });
    const { dispatcher } = application;
    const routed = collect(application, MessageRoutedNotification);
    const receipt = await dispatcher.send(new Ship(), { runMode: RunMode.Sync });
    expect(await receipt.result()).toBe('shipped');
    await dispatcher.send(new Elsewhere());
    await until('the notifications', () => routed.length === 2);
    const reason = 'routes[0] (Elsewhere)';
    expect(routed).toMatchObject([
      { handler: 'ShipHandler', runMode: RunMode.Async, runModeBecauseOf: 'send(), which always goes through a queue' },
      { handler: undefined, queue: 'far', queueBecauseOf: reason, runModeBecauseOf: `${reason}, which names a queue` },
    ]);
  });
});
