import { describe, expect, it } from '@jest/globals';
import { Scope, Injectable } from '@nestjs/common';
import {
  inMemoryCheckpoints,
  inMemoryEventStore,
  Message,
  On,
  Projection,
  Projections,
  type MessageClass,
  type TransactionScope,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../dispatcher/application.js';
import { Placed } from '../event-store/shop.js';
import { collectLines, startProjected, until } from './ledger.js';

@Injectable()
@Projection('a name', {
  mode: 'later',
  onFailure: 'ignore',
  batchSize: 0,
  retries: -1,
  version: 1.5,
  colour: 1,
} as never)
class WrongOptions {
  @On(Placed)
  placed() {}
}

@Projection('empty')
class NoEvents {}

@Projection('undefined', { events: [undefined as unknown as MessageClass] })
class CircularEvents {
  when() {}
}

@Projection('silent', { events: [Placed] })
class NoWhen {}

@Injectable({ scope: Scope.REQUEST })
@Projection('scoped')
class Scoped {
  @On(Placed)
  placed() {}
}

@Projection('empty')
class SameName {
  @On(Placed)
  placed() {}
}

@Message('shop.placed')
class AlsoPlaced {}

@Projection('two', { mode: 'inline' })
class TwoOfOneName {
  @On(Placed)
  placed() {}

  @On(AlsoPlaced)
  also() {}
}

describe('mistakes in projections', () => {
  it('keep the application from starting, all of them in one error', async () => {
    const providers = [WrongOptions, NoEvents, CircularEvents, NoWhen, Scoped, SameName, TwoOfOneName];
    const options = { eventStore: { store: inMemoryEventStore() } };
    const texts = (await mistakesOf({ providers, options })).map(({ text }) => text).join('\n');
    for (const text of [
      'WrongOptions (AppModule) has the name "a name"',
      '"mode", which is "later"',
      '"onFailure", which is "ignore"',
      '"batchSize", which is 0',
      '"retries", which is -1',
      '"version", which is 1.5',
      '"colour", which is unknown',
      'NoEvents (AppModule) takes no events',
      'CircularEvents (AppModule) names an event that is no class',
      'NoWhen (AppModule) has "events", but no method when',
      'Scoped (AppModule) is request-scoped or transient',
      'SameName (AppModule) and NoEvents (AppModule) are both the projection "empty"',
      'takes AlsoPlaced, but "shop.placed" v1 is Placed already',
      'TwoOfOneName (AppModule) is inline, which needs transactions',
    ])
      expect(texts).toContain(text);
  });

  it('are told of the option, too, and where there is no event store', async () => {
    const projections = { checkpoints: { targets() {} }, leaseMs: 1, pollMs: 0, colour: 1 } as never;
    const mistakes = await mistakesOf({ providers: [SameName], options: { projections } });
    expect(mistakes.map(({ rule }) => rule).toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => 'invalid-options'),
      'invalid-projection',
    ]);
    expect(mistakes.map(({ text }) => text).join('\n')).toContain('without the method begin()');
  });

  it('do not come of an application without projections, which opens no checkpoints', async () => {
    const told: string[] = [];
    const checkpoints = Object.assign(inMemoryCheckpoints(), {
      open: async () => void told.push('open'),
      close: async () => void told.push('close'),
    });
    const { app } = await start({ options: { projections: { checkpoints } } });
    expect(await app.get(Projections).list()).toEqual([]);
    expect(await rejectionOf(app.get(Projections).active('any'))).toMatchObject({
      code: 'DISPATCH_UNKNOWN_PROJECTION',
    });
    await app.close();
    expect(told).toEqual([]);
    const shop = await startProjected({ checkpoints });
    await shop.app.close();
    expect(told).toEqual(['open', 'close']);
  });

  it('come to light where the transactions are of a database, and the checkpoints in memory', async () => {
    const scope: TransactionScope = { run: (work) => work({ query: () => undefined }) };
    const { log } = await startProjected({ options: { transactions: { scope } } });
    await until('the warning', () => collectLines(log).includes('inMemoryCheckpoints()'));
    const checkpoints = inMemoryCheckpoints();
    const begun = checkpoints.begin({ projection: 'a', target: 'blue', version: 1, isActive: true }, {});
    expect(await rejectionOf(begun)).toMatchObject({ code: 'DISPATCH_CHECKPOINT_TRANSACTION' });
  });
});
