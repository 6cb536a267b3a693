import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import {
  AggregateRoot,
  CommandBus,
  CommandHandler,
  EventBus,
  EventPublisher,
  type HandlerContext,
} from 'nestjs-dispatch';

import { start } from './application.js';

class Renamed {
  constructor(readonly name: string) {}
}

class Account extends AggregateRoot<Renamed> {
  name = 'none';

  rename(name: string): void {
    this.apply(new Renamed(name));
  }

  onRenamed({ name }: Renamed): void {
    this.name = name;
  }
}

/** An entity as object mappers make them: the prototype and the columns, but no call of the constructor. */
function hydrate(columns: Partial<Account>): Account {
  return Object.assign(Object.create(Account.prototype) as Account, columns);
}

class RenameAccount {}

/** Needs no EventPublisher: the handler publishes what the aggregate has recorded. */
@CommandHandler(RenameAccount)
class RenameAccountHandler {
  async execute(_command: RenameAccount, context: HandlerContext) {
    const account = hydrate({ name: 'ann' });
    account.rename('ben');
    await context.publishAll(account.getUncommittedEvents());
  }
}

describe('an aggregate that was made without its constructor (nestjs/cqrs#573, #1530, #1466, #623)', () => {
  let app: INestApplicationContext;
  let published: string[];

  beforeEach(async () => {
    published = [];
    app = await start([RenameAccountHandler]);
    app.get(EventBus).subscribe((event) => published.push((event as Renamed).name));
  });
  afterEach(() => app.close());

  it('refuses to commit without a bus, keeps its events, and publishes them once it has one', async () => {
    const account = hydrate({ name: 'ann' });
    account.rename('ben');
    expect(() => account.commit()).toThrow(
      expect.objectContaining({ code: 'DISPATCH_AGGREGATE_NOT_CONNECTED', aggregateName: 'Account' }),
    );
    expect(account.getUncommittedEvents()).toEqual([new Renamed('ben')]);
    await app.get(EventPublisher).mergeObjectContext(account).commit();
    expect(published).toEqual(['ben']);
  });

  it('records and publishes events after mergeObjectContext', async () => {
    const account = app.get(EventPublisher).mergeObjectContext(hydrate({ name: 'ann' }));
    account.rename('ben');
    account.rename('cleo');
    expect(account.name).toBe('cleo');
    await account.commit();
    expect(published).toEqual(['ben', 'cleo']);
    expect(account.getUncommittedEvents()).toEqual([]);
  });

  it('gains no field that an object mapper would store, and changes no prototype', () => {
    const before = Reflect.ownKeys(Account.prototype);
    const account = app.get(EventPublisher).mergeObjectContext(hydrate({ name: 'ann' }));
    account.rename('ben');
    expect(Reflect.ownKeys(account)).toEqual(['name']);
    expect(JSON.stringify(account)).toBe('{"name":"ben"}');
    expect(Reflect.ownKeys(Account.prototype)).toEqual(before);
  });

  it('keeps the events of two aggregates apart', async () => {
    const [first, second] = [hydrate({ name: 'ann' }), hydrate({ name: 'bea' })];
    first.rename('ann 2');
    expect(second.getUncommittedEvents()).toEqual([]);
    await app.get(EventPublisher).mergeObjectContext(first).commit();
    expect(published).toEqual(['ann 2']);
  });

  it('is published by a handler without being connected to anything', async () => {
    await app.get(CommandBus).execute(new RenameAccount());
    expect(published).toEqual(['ben']);
  });

  it('publishes each event at once where autoCommit is on, but not its history', () => {
    const account = app.get(EventPublisher).mergeObjectContext(hydrate({ name: 'ann' }));
    account.autoCommit = true;
    account.loadFromHistory([new Renamed('old')]);
    account.rename('ben');
    expect(published).toEqual(['ben']);
    expect(account.getUncommittedEvents()).toEqual([]);
  });
});
