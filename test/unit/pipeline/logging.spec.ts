import { describe, expect, it } from '@jest/globals';
import { Type as TypeOf } from 'class-transformer';
import { Command, Message, Sensitive, type DispatchOptions } from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';

class Card {
  @Sensitive()
  number: string;
  holder: string;

  constructor(number: string, holder: string) {
    this.number = number;
    this.holder = holder;
  }
}

/** A message with any payload. */
@Message('pay', { sensitive: ['payload.secret', 'payload.accounts.iban'] })
class Pay extends Command<string> {
  constructor(readonly payload: unknown) {
    super();
  }
}

class PayByCard extends Command {
  @TypeOf(() => Card)
  card: Card;
  @Sensitive()
  pin = '1234';

  constructor(card: Card) {
    super();
    this.card = card;
  }
}

async function startLogging(logging: NonNullable<DispatchOptions['logging']> = true) {
  const { dispatcher, log } = await start({
    options: { logging },
    providers: [commandHandler(Pay, () => 'paid'), commandHandler(PayByCard, () => undefined)],
  });
  return { dispatcher, log };
}

/** The payload of a message as the log shows it. */
async function logged(message: object): Promise<unknown> {
  const { dispatcher, log } = await startLogging();
  await dispatcher.execute(message);
  const [line = ''] = log.lines;
  return JSON.parse(line.slice(line.indexOf('{'))) as unknown;
}

describe('logging', () => {
  it.each<[string, unknown]>([
    [
      'has a getter that throws',
      {
        get broken() {
          throw new Error('lazy relation');
        },
      },
    ],
    ['is a map with keys that have no text', new Map([[Object.create(null), 1]])],
    ['has a function named toJSON', { toJSON: () => JSON.parse('{') as unknown }],
  ])('changes no result where the payload %s', async (_what, payload) => {
    const { dispatcher, log } = await startLogging();
    expect(await dispatcher.execute(new Pay(payload))).toBe('paid');
    expect(log.lines).toEqual([expect.stringMatching(/^debug PayHandler handled "pay"/)]);
  });

  it('writes a warning for a failure, and rethrows it', async () => {
    const { dispatcher, log } = await start({
      options: { logging: true },
      providers: [commandHandler(Pay, () => Promise.reject(new RangeError('no funds')))],
    });
    await expect(dispatcher.execute(new Pay(1), { id: 'm1' })).rejects.toThrow(new RangeError('no funds'));
    expect(log.lines).toEqual([
      expect.stringMatching(/^warn PayHandler failed "pay" \(m1\) in \d+\.\d ms \{"payload":1\}: no funds$/),
    ]);
  });

  it('names handler, message, id and duration', async () => {
    const { dispatcher, log } = await startLogging();
    await dispatcher.execute(new Pay(1), { id: 'm1' });
    expect(log.lines).toEqual([expect.stringMatching(/^debug PayHandler handled "pay" \(m1\) in \d+\.\d ms/)]);
  });

  it('writes at the level that is set, and no payload where that is turned off', async () => {
    const { dispatcher, log } = await startLogging({ level: 'verbose', payload: false });
    await dispatcher.execute(new Pay('in the open'));
    expect(log.lines).toEqual([expect.stringMatching(/^verbose PayHandler handled "pay" \([^)]*\) in \d+\.\d ms$/)]);
  });

  it('is silent unless it is turned on', async () => {
    const { dispatcher, log } = await startLogging(false);
    await dispatcher.execute(new Pay(1));
    expect(log.lines).toEqual([]);
  });
});

describe('a log line', () => {
  it('redacts @Sensitive fields of the message and of a class nested in it', async () => {
    expect(await logged(new PayByCard(new Card('4111', 'Ada')))).toEqual({
      card: { number: '[redacted]', holder: 'Ada' },
      pin: '[redacted]',
    });
  });

  it('redacts @Sensitive fields of a plain object where the field is declared with the class', async () => {
    expect(await logged(new PayByCard({ number: '4111', holder: 'Ada' }))).toEqual({
      card: { number: '[redacted]', holder: 'Ada' },
      pin: '[redacted]',
    });
  });

  it.each<[string, (card: Card) => unknown, (shown: object) => unknown]>([
    ['an array', (card) => [card], (shown) => [shown]],
    ['a set', (card) => new Set([card]), (shown) => [shown]],
    ['a map', (card) => new Map([['main', card]]), (shown) => ({ main: shown })],
    ['a map in an array', (card) => [new Map([['main', card]])], (shown) => [{ main: shown }]],
    ['an object', (card) => ({ deep: { card } }), (shown) => ({ deep: { card: shown } })],
  ])('redacts @Sensitive fields of instances inside %s', async (_where, wrap, shown) => {
    expect(await logged(new Pay(wrap(new Card('4111', 'Ada'))))).toEqual({
      payload: shown({ number: '[redacted]', holder: 'Ada' }),
    });
  });

  it('redacts the paths that @Message names, also in each entry of an array', async () => {
    const payload = {
      secret: { deep: 1 },
      accounts: [
        { iban: 'DE1', bank: 'A' },
        { iban: 'DE2', bank: 'B' },
      ],
    };
    expect(await logged(new Pay(payload))).toEqual({
      payload: {
        secret: '[redacted]',
        accounts: [
          { iban: '[redacted]', bank: 'A' },
          { iban: '[redacted]', bank: 'B' },
        ],
      },
    });
  });

  it('cuts circles, depth, length and bytes short', async () => {
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    let deep: unknown = 'bottom';
    for (let level = 0; level < 20; level += 1) deep = { deep };
    const shown = (await logged(
      new Pay({
        circle,
        deep,
        long: Array.from({ length: 1000 }, (_, index) => index),
        bytes: new Uint8Array(5),
        big: 7n,
      }),
    )) as { payload: Record<string, unknown> };
    expect(shown.payload).toMatchObject({
      circle: { name: 'circle', self: '[circular]' },
      bytes: '[5 bytes]',
      big: '7n',
    });
    expect(shown.payload['long']).toHaveLength(100);
    expect(JSON.stringify(shown.payload['deep'])).toContain('[deeper]');
  });

  it('shows one object twice where it is no circle', async () => {
    const shared = { name: 'shared' };
    expect(await logged(new Pay([shared, shared]))).toEqual({ payload: [shared, shared] });
  });
});
