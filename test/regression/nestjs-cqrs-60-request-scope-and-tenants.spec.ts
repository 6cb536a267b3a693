import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope, type INestApplicationContext } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  Command,
  CommandBus,
  CommandHandler,
  Dispatcher,
  EventsHandler,
  MessageContext,
  ofType,
  Query,
  QueryHandler,
  Saga,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { settle, start } from './application.js';

class Place extends Command<string> {
  constructor(readonly isBad = false) {
    super();
  }
}
class Placed {}
class Bill {}
class WhoAsks extends Query<string> {}

const log: string[] = [];
let made = 0;

/** The database connection of one tenant, made for each message. */
@Injectable({ scope: Scope.REQUEST })
class TenantConnection {
  readonly number = (made += 1);

  constructor(@Inject(REQUEST) private readonly context: MessageContext) {}

  write(line: string): void {
    log.push(`${String(this.context.headers.tenant)}: ${line}`);
  }
}

@CommandHandler(Place)
class PlaceHandler {
  constructor(
    private readonly connection: TenantConnection,
    private readonly dispatcher: Dispatcher,
  ) {}

  async execute({ isBad }: Place) {
    await settle();
    this.connection.write('placed');
    if (isBad) throw new Error('out of stock');
    await this.dispatcher.publishAndWait(new Placed(), { await: 'sagas' });
    return this.dispatcher.query(new WhoAsks());
  }
}

@EventsHandler(Placed)
class FirstListener {
  constructor(private readonly connection: TenantConnection) {}

  handle() {
    this.connection.write(`first listener on connection ${this.connection.number}`);
  }
}

@EventsHandler(Placed, { scope: Scope.REQUEST })
class SecondListener {
  constructor(private readonly connection: TenantConnection) {}

  handle() {
    this.connection.write(`second listener on connection ${this.connection.number}`);
  }
}

@Injectable()
class BillingSaga {
  @Saga()
  bill(events$: Observable<object>): Observable<Bill> {
    return events$.pipe(
      ofType(Placed),
      map(() => new Bill()),
    );
  }
}

@CommandHandler(Bill)
class BillHandler {
  constructor(private readonly connection: TenantConnection) {}

  async execute(_command: Bill) {
    this.connection.write('billed by the saga');
  }
}

@QueryHandler(WhoAsks, { scope: Scope.REQUEST })
class WhoAsksHandler {
  constructor(@Inject(REQUEST) private readonly context: MessageContext) {}

  async execute(_query: WhoAsks) {
    return String(this.context.headers.tenant);
  }
}

describe('handlers that need what belongs to one tenant (nestjs/cqrs#60, #1656, #1685, #549, #1195, nestjs/nest#3687)', () => {
  let app: INestApplicationContext;
  const place = (tenant: string, isBad = false): Promise<string> =>
    app.get(Dispatcher).execute(new Place(isBad), { headers: { tenant } });

  beforeEach(async () => {
    log.length = 0;
    made = 0;
    app = await start([
      TenantConnection,
      PlaceHandler,
      FirstListener,
      SecondListener,
      BillingSaga,
      BillHandler,
      WhoAsksHandler,
    ]);
  });
  afterEach(() => app.close());

  it('work for the next tenant after a failure', async () => {
    await expect(place('acme', true)).rejects.toThrow('out of stock');
    expect(await place('umbrella')).toBe('umbrella');
    expect(log[0]).toBe('acme: placed');
    expect(log.slice(1).every((line) => line.startsWith('umbrella: '))).toBe(true);
  });

  it('get it in commands, events, queries and what a saga sends, without passing anything on', async () => {
    expect(await place('acme')).toBe('acme');
    expect(log.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'acme: billed by the saga',
      'acme: first listener on connection 2',
      'acme: placed',
      'acme: second listener on connection 2',
    ]);
  });

  it('do not mix tenants up whose messages are in flight at the same time', async () => {
    const tenants = Array.from({ length: 20 }, (_, index) => `tenant-${index}`);
    expect(await Promise.all(tenants.map((tenant) => place(tenant)))).toEqual(tenants);
    for (const tenant of tenants) expect(log.filter((line) => line.startsWith(`${tenant}: `))).toHaveLength(4);
  });

  it('get a scope of their own for each message, also where one object is sent twice', async () => {
    const bill = new Bill();
    await app.get(CommandBus).execute(bill);
    await app.get(CommandBus).execute(bill);
    expect(made).toBe(2);
  });
});
