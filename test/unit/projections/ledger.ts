import {
  inMemoryCheckpoints,
  inMemoryEventStore,
  inMemoryTransactions,
  MemoryTransaction,
  On,
  Projection,
  Projections,
  type CheckpointStore,
  type DispatchOptions,
  type EventStore,
  type ProjectionContext,
  type ProjectionOptions,
} from 'nestjs-dispatch';

import { Closed, LineAdded, Placed, startShop, type Shop, type ShopSetup } from '../event-store/shop.js';

export { until } from '../run-modes/queued-application.js';

/** One entry of a read model: which event it is of. */
export type Entry = `${string} ${number} ${string}`;

/** A read model in memory with two targets. What is written in a transaction is there when that commits. */
export class Ledger {
  readonly entries: Record<string, Entry[]> = { blue: [], green: [] };
  readonly told: string[] = [];
  /** Calls in the place of writing an event, where there is one. */
  onEvent: ((event: object, context: ProjectionContext<MemoryTransaction | undefined>) => unknown) | undefined;

  write(target: string, entry: Entry, client: MemoryTransaction | undefined): void {
    const apply = (): void => void this.entries[target]?.push(entry);
    if (client === undefined) apply();
    else client.add({ apply });
  }

  empty(target: string, client: MemoryTransaction | undefined): void {
    const apply = (): void => void (this.entries[target] = []);
    if (client === undefined) apply();
    else client.add({ apply });
  }
}

/** A projection that writes each event to the ledger it is given. */
export function ledgerProjection(name: string, options: ProjectionOptions, ledger: Ledger) {
  type Context = ProjectionContext<MemoryTransaction | undefined>;
  @Projection(name, options)
  class LedgerProjection {
    @On(Placed)
    async placed(event: Placed, context: Context) {
      await this.write(event, context, event.customer);
    }

    @On(LineAdded)
    async added(event: LineAdded, context: Context) {
      await this.write(event, context, String(event.quantity));
    }

    prepare(target: string, { client }: { client: unknown }) {
      ledger.told.push(`prepare ${target}`);
      ledger.empty(target, client as MemoryTransaction | undefined);
    }

    promote(target: string) {
      ledger.told.push(`promote ${target}`);
    }

    drop(target: string) {
      ledger.told.push(`drop ${target}`);
    }

    private async write(event: object, context: Context, text: string) {
      await ledger.onEvent?.(event, context);
      ledger.write(context.target, `${context.stream} ${context.version} ${text}`, context.client);
    }
  }
  return LedgerProjection;
}

/** An application with a projection over events in memory. */
export interface ProjectedShop extends Shop {
  readonly ledger: Ledger;
  readonly projections: Projections;
  readonly checkpoints: CheckpointStore;
  /** Appends to a stream, and says where. */
  append(stream: string, ...events: object[]): Promise<number>;
}

/** What it consists of; what is left out is made anew. */
export interface ProjectedSetup extends ShopSetup {
  readonly ledger?: Ledger;
  readonly checkpoints?: CheckpointStore;
  readonly projection?: ProjectionOptions;
  readonly projected?: NonNullable<DispatchOptions['projections']>;
  /** Whether the application has transactions. Default true. */
  readonly isTransactional?: boolean;
}

/** Starts an application with the projection `ledger`, and transactions in memory. */
export async function startProjected({
  ledger = new Ledger(),
  checkpoints = inMemoryCheckpoints(),
  store = inMemoryEventStore(),
  projection = {},
  projected = {},
  isTransactional = true,
  options = {},
  ...setup
}: ProjectedSetup = {}): Promise<ProjectedShop> {
  const transactions = isTransactional ? { transactions: { scope: inMemoryTransactions() } } : {};
  const shop = await startShop({
    ...setup,
    store,
    providers: [ledgerProjection('ledger', projection, ledger), ...(setup.providers ?? [])],
    options: {
      messages: [Placed, LineAdded, Closed],
      eventStore: { store, ...setup.eventStore },
      projections: { checkpoints, pollMs: 10, leaseMs: 500, ...projected },
      ...transactions,
      ...options,
    },
  });
  const append = async (stream: string, ...events: object[]): Promise<number> =>
    (await shop.events.append(stream, events, { expectedVersion: 'any' })).position;
  return { ...shop, ledger, checkpoints, projections: shop.app.get(Projections), append };
}

/** Stores events before an application starts. */
export async function fill(store: EventStore, count: number, streams = 1): Promise<void> {
  const { events, app } = await startShop({ store });
  for (let index = 0; index < count; index++) {
    await events.append(`order-${index % streams}`, [new LineAdded(index)], { expectedVersion: 'any' });
  }
  await app.close();
}

/** All that was logged, as one text. */
export function collectLines({ lines }: Shop['log']): string {
  return lines.join('\n');
}
