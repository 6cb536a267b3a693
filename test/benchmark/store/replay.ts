import { EventLog, Projections } from 'nestjs-dispatch';
import { Pool } from 'pg';

import type { OrderData } from '../queue/orders.js';
import { OrderPlaced } from './order-placed.js';
import { startEvents } from './ours.js';
import { startProjecting } from './projected.js';
import { schemaOf, serverUrl } from './side.js';

/** What one replay has come to. */
export interface Replay {
  readonly elapsedMs: number;
  /** The heap after each part of the events, the garbage collected; only where that was asked for. */
  readonly heapBytes: readonly number[];
}

/** Who replays, and whether the heap is looked at, which takes its time. */
export interface ReplayQuestion {
  readonly side: 'ours' | 'rebuild' | 'bare';
  readonly watchesHeap: boolean;
}

const PAGE = 1000;
const SAMPLES = 10;

const [schema, count] = [schemaOf('replay'), Number(process.argv[2])];
const app = await startEvents(schema, true);
const log = app.get(EventLog);
const pool = new Pool({ connectionString: serverUrl(), max: 1 });
let noted: (customer: string) => void = () => undefined;
let projections: Promise<Projections> | undefined;

process.on('message', ({ side, watchesHeap }: ReplayQuestion) => {
  replay(side, watchesHeap).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function replay(side: ReplayQuestion['side'], watchesHeap: boolean): Promise<Replay> {
  const heapBytes: number[] = [];
  const view = new Map<string, number>();
  let replayed = 0;
  const note = (customer: string): void => {
    view.set(customer, (view.get(customer) ?? 0) + 1);
    replayed += 1;
    if (watchesHeap && replayed >= (count * (heapBytes.length + 1)) / SAMPLES) heapBytes.push(heapUsed());
  };
  const prepared = side === 'rebuild' ? await (projections ??= startProjections()) : undefined;
  noted = note;
  const startedAtMs = performance.now();
  if (prepared !== undefined) await prepared.rebuild('customers');
  else await (side === 'ours' ? replayOurs(note) : replayBare(note));
  const elapsedMs = performance.now() - startedAtMs;
  if (replayed !== count) throw new Error(`${replayed} events were replayed, not ${count}`);
  return { elapsedMs, heapBytes };
}

async function replayOurs(note: (customer: string) => void): Promise<void> {
  for await (const { event } of log.readAll({ pageSize: PAGE })) {
    if (event instanceof OrderPlaced) note(event.customer);
  }
}

/** A projection that has been written once, for the first time is no rebuild. */
async function startProjections(): Promise<Projections> {
  const projecting = await startProjecting(schema, (customer) => noted(customer));
  const found = projecting.get(Projections);
  await found.whenCaughtUp('customers', count, { timeoutMs: 600_000 });
  return found;
}

/** A cursor over the same rows. */
async function replayBare(note: (customer: string) => void): Promise<void> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(
    `DECLARE replay NO SCROLL CURSOR FOR SELECT stream, version, position, id, name, schema_version, payload, metadata, recorded_at
    FROM "${schema}".dispatch_events ORDER BY position`,
  );
  for (let length = PAGE; length === PAGE;) {
    const { rows } = await client.query<{ payload: string }>({ name: 'fetch', text: `FETCH ${PAGE} FROM replay` });
    for (const { payload } of rows) note((JSON.parse(payload) as OrderData).customer);
    length = rows.length;
  }
  await client.query('COMMIT');
  client.release();
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
