import { describe, expect, it } from '@jest/globals';

import { MODES, startIn, type Mode } from './modes.js';
import {
  Bill,
  BillHandler,
  BillWhenShipped,
  Inspect,
  InspectHandler,
  Pack,
  PackHandler,
  Parcel,
  Ship,
  ShipHandler,
  Steps,
  Wrapping,
} from './shipping.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function providers() {
  const handlers = [ShipHandler, BillWhenShipped, BillHandler, PackHandler, InspectHandler];
  return [Steps, Parcel, Wrapping, { provide: 'parcels', useValue: { count: 0 } }, ...handlers];
}

// A handler that waits for another message of its queue needs a second place in it.
const start = (mode: Mode) => startIn(mode, { providers: providers(), settings: { concurrency: 4 } });

describe.each(MODES)('through $name', (mode) => {
  it('correlation, causation and every header reach what a message leads to, over two hops', async () => {
    const { app, dispatcher } = await start(mode);
    const headers = { tenant: 'acme', user: 'ada', traceparent, 'x-shop': 'Zürich' };
    await dispatcher.execute(new Ship(), { id: 'first', headers });
    const [ship, shipped, bill] = app.get(Steps).seen;
    expect([ship?.name, shipped?.name, bill?.name]).toEqual(['shipping.ship', 'shipping.shipped', 'shipping.bill']);
    expect(ship).toMatchObject({ id: 'first', correlationId: 'first', causationId: undefined });
    expect(shipped).toMatchObject({ correlationId: 'first', causationId: 'first' });
    expect(bill).toMatchObject({ correlationId: 'first', causationId: shipped?.id });
    expect(ship?.headers).toEqual({ ...headers, correlationId: 'first' });
    expect(bill?.headers).toEqual({ ...headers, correlationId: 'first', causationId: shipped?.id });
  });

  it('a service finds the context of the message that it works for, after an await', async () => {
    const { app, dispatcher } = await start(mode);
    await Promise.all([dispatcher.execute(new Ship(), { id: 'a' }), dispatcher.execute(new Bill(), { id: 'b' })]);
    const { seen } = app.get(Steps);
    expect(seen).toHaveLength(4);
    for (const { id, ambientId } of seen) expect(ambientId).toBe(id);
  });

  it('a correlation id that the sender gives is kept', async () => {
    const { app, dispatcher } = await start(mode);
    await dispatcher.execute(new Bill(), { correlationId: 'ours', headers: { causationId: 'theirs' } });
    expect(app.get(Steps).seen).toMatchObject([{ correlationId: 'ours', causationId: 'theirs' }]);
  });

  it('a request-scoped handler and its providers are made once for each message, with its context as REQUEST', async () => {
    const { dispatcher } = await start(mode);
    const packed = await Promise.all([new Pack(), new Pack(), new Pack()].map((pack) => dispatcher.execute(pack)));
    const numbers = packed.map(([own]) => own);
    expect(new Set(numbers)).toEqual(new Set([1, 2, 3]));
    expect(packed).toEqual(numbers.map((number) => [number, number, true]));
  });

  it('a handler is told the facts of its message', async () => {
    const { dispatcher } = await start(mode);
    const before = new Date();
    const told = await dispatcher.execute(new Inspect(), { id: 'm1', key: 'acme', priority: 'high' });
    expect(told).toMatchObject({
      id: 'm1',
      name: 'Inspect',
      version: 1,
      kind: 'command',
      key: 'acme',
      priority: 'high',
      attempt: 1,
      timeoutMs: 5000,
      idempotencyKey: 'm1:InspectHandler',
      handler: 'InspectHandler',
      isOwn: true,
      isLimited: true,
      isAborted: false,
    });
    // Whole milliseconds: a clock that is read twice within one says the same.
    expect(Number(told['sentAt'])).toBeGreaterThanOrEqual(Number(before));
    expect(Number(told['sentAt'])).toBeLessThanOrEqual(Date.now());
  });

  it('what says nothing of itself has an id of its own, no key, and is of normal priority', async () => {
    const { dispatcher } = await start(mode);
    const told = await Promise.all([dispatcher.execute(new Inspect()), dispatcher.execute(new Inspect())]);
    expect(new Set(told.map(({ id }) => id)).size).toBe(2);
    expect(told.map(({ key, priority }) => `${String(key)} ${String(priority)}`)).toEqual([
      'undefined normal',
      'undefined normal',
    ]);
  });
});
