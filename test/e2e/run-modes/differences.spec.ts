import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  InvalidMessageError,
  Queues,
  RemoteError,
  type HandlerContext,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { deferred } from '../../unit/dispatcher/deferred.js';
import { MODES, startIn, type ModeApplication } from './modes.js';
import { FailOrder, FailOrderHandler, Journal, PayOrder, PayOrderHandler } from './orders.js';

class Receipt {
  readonly paper = 'thin';
}

class Echo extends Command<unknown> {
  readonly list: number[] = [];

  constructor(readonly answer: 'itself' | 'instance' | 'gap' | 'function' | 'place') {
    super();
  }
}

@CommandHandler(Echo)
class EchoHandler {
  execute(echo: Echo, { attempt, queue }: HandlerContext): unknown {
    echo.list.push(1);
    const answers = {
      itself: echo,
      instance: new Receipt(),
      gap: { note: undefined, list: [undefined] },
      function: () => 'works',
      place: [attempt, queue],
    };
    return answers[echo.answer];
  }
}

class Fluctuate extends Command<number> {}

/** Fails at first. */
@CommandHandler(Fluctuate)
class FluctuateHandler {
  private count = 0;

  execute(): number {
    this.count += 1;
    if (this.count === 1) throw new RangeError('not yet');
    return this.count;
  }
}

class Wait extends Command {}

@Injectable()
class Gate {
  readonly reached = deferred();
  readonly reason = deferred<unknown>();
}

@CommandHandler(Wait)
class WaitHandler {
  constructor(@Inject(Gate) private readonly gate: Gate) {}

  async execute(_wait: Wait, { signal }: HandlerContext): Promise<void> {
    this.gate.reached.resolve();
    await setTimeout(30_000, undefined, { signal }).catch(() => undefined);
    this.gate.reason.resolve(signal.reason);
    signal.throwIfAborted();
  }
}

class Rung extends Event {}

@EventsHandler(Rung)
class Doorman {
  hasStarted = false;

  handle(): void {
    this.hasStarted = true;
  }
}

const providers = [
  Journal,
  EchoHandler,
  FailOrderHandler,
  PayOrderHandler,
  FluctuateHandler,
  Gate,
  WaitHandler,
  Doorman,
];

/** One row of the table, and how a test finds it out. */
interface Difference {
  readonly what: string;
  readonly inTurn: unknown;
  readonly queued: unknown;
  readonly find: (application: ModeApplication) => Promise<unknown>;
  /** How the queue is set, where that matters. */
  readonly settings?: { readonly maxAttempts: number; readonly backoffMs: number };
}

const nameOf = (value: unknown) => (value instanceof Error ? value.name : typeof value);

/** All in which a queue differs from the caller's turn for handlers and callers. The README of run-modes has the same list. */
const DIFFERENCES: readonly Difference[] = [
  {
    what: 'the message that a handler is given',
    inTurn: "the caller's own: it sees what the handler does to it",
    queued: 'a copy',
    async find({ dispatcher }) {
      const echo = new Echo('place');
      await dispatcher.execute(echo);
      return echo.list.length === 1 ? "the caller's own: it sees what the handler does to it" : 'a copy';
    },
  },
  {
    what: 'a result that is an instance of a class',
    inTurn: true,
    queued: false,
    find: async ({ dispatcher }) => (await dispatcher.execute(new Echo('instance'))) instanceof Receipt,
  },
  {
    what: 'the names of fields that are undefined in a result',
    inTurn: ['note', 'list'],
    queued: ['list'],
    find: async ({ dispatcher }) => Object.keys(Object(await dispatcher.execute(new Echo('gap')))),
  },
  {
    what: 'a result that JSON and the codec cannot write',
    inTurn: 'function',
    queued: 'UnserializableMessageError',
    find: async ({ dispatcher }) =>
      dispatcher.execute(new Echo('function')).then(nameOf, (error: unknown) => nameOf(error)),
  },
  {
    what: 'an error that a handler throws',
    inTurn: 'RangeError undefined',
    queued: 'RemoteError DISPATCH_REMOTE_ERROR',
    async find({ dispatcher }) {
      const error = await rejectionOf(dispatcher.execute(new FailOrder('plain')));
      return `${Object(error).constructor.name} ${String(Reflect.get(Object(error), 'code'))}`;
    },
  },
  {
    what: 'something thrown that is no Error',
    inTurn: 'just a text',
    queued: new RemoteError({ name: 'Error', message: 'just a text', code: undefined }),
    find: ({ dispatcher }) => rejectionOf(dispatcher.execute(new FailOrder('foreign'))),
  },
  {
    what: 'the single violations of a message that breaks its rules',
    inTurn: true,
    queued: false,
    async find({ dispatcher }) {
      const error = await rejectionOf(dispatcher.execute(PayOrder.of(1.5, 100)));
      return error instanceof InvalidMessageError && error.violations.length === 1;
    },
  },
  {
    what: 'attempt and queue of the context',
    inTurn: [1, undefined],
    queued: [1, 'its queue'],
    async find({ dispatcher, queue }) {
      const place = await dispatcher.execute(new Echo('place'));
      return Array.isArray(place)
        ? place.map((one: unknown) => (one === queue && queue !== undefined ? 'its queue' : one))
        : place;
    },
  },
  {
    what: 'a handler that fails at first',
    inTurn: 'RangeError',
    queued: 2,
    settings: { maxAttempts: 2, backoffMs: 1 },
    find: ({ dispatcher }) => dispatcher.execute(new Fluctuate()).catch((error: unknown) => nameOf(error)),
  },
  {
    what: 'what a signal that the caller aborts tells the handler, and what the caller gets',
    inTurn: ['RangeError', 'RangeError'],
    queued: ['CancelledError', 'CancelledError'],
    async find({ app, dispatcher }) {
      const giving = new AbortController();
      const end = rejectionOf(dispatcher.execute(new Wait(), { signal: giving.signal }));
      const { reached, reason } = app.get(Gate);
      await reached.promise;
      giving.abort(new RangeError('no longer wanted'));
      return [nameOf(await reason.promise), nameOf(await end)];
    },
  },
  {
    what: 'a message whose sender has given up before it was sent',
    inTurn: 'object',
    queued: 'RangeError',
    find({ dispatcher }) {
      const signal = AbortSignal.abort(new RangeError('no longer wanted'));
      return dispatcher.execute(new Echo('instance'), { signal }).then(nameOf, (error: unknown) => nameOf(error));
    },
  },
  {
    what: 'what publish() waits for',
    inTurn: 'every handler has started',
    queued: 'the event is stored',
    async find({ app, dispatcher, queue }) {
      if (queue !== undefined) await app.get(Queues).pause(queue);
      await dispatcher.publish(new Rung());
      return app.get(Doorman).hasStarted ? 'every handler has started' : 'the event is stored';
    },
  },
  {
    what: 'what is asked of a queue: a delay, a time, a deduplication id',
    inTurn: 'InvalidSendOptionsError',
    queued: 'object',
    find: ({ dispatcher }) =>
      dispatcher.execute(new Echo('instance'), { delayMs: 1 }).then(nameOf, (error: unknown) => nameOf(error)),
  },
  {
    what: 'send(), which answers with a receipt',
    inTurn: 'QueueNotConfiguredError',
    queued: 'object',
    find: ({ dispatcher }) => dispatcher.send(new Echo('instance')).then(nameOf, (error: unknown) => nameOf(error)),
  },
];

describe.each(MODES)('through $name', (mode) => {
  it.each(DIFFERENCES)('differs by design: $what', async ({ find, inTurn, queued, settings }) => {
    const application = await startIn(mode, { providers, ...(settings && { settings }) });
    expect(await find(application)).toEqual(mode.queue === undefined ? inTurn : queued);
  });
});
