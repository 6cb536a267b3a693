import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { migratePostgres } from 'nestjs-dispatch/postgres';
import { Pool } from 'pg';

import { orders } from '../queue/orders.js';
import { rateRow, type Row } from '../suite.js';
import type { Replay, ReplayQuestion } from './replay.js';
import { schemaOf, serverUrl } from './side.js';

const ROUNDS = 5;
const MB = 1024 * 1024;
const SIDES = ['ours', 'rebuild', 'bare'] as const;

/** So many events read and counted, and a projection that counts rebuilt from them, against a cursor over the same rows; and the heap meanwhile. */
export async function replayRows(count: number): Promise<readonly Row[]> {
  await seed(count);
  const children = SIDES.map((side) => ({ side, child: start(count), times: [] as number[] }));
  try {
    for (const { child } of children) await message(child);
    // The first round does not count.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const { side, child, times } of round % 2 === 0 ? children : children.toReversed()) {
        const { elapsedMs } = await ask(child, { side, watchesHeap: false });
        if (round > 0) times.push((elapsedMs * 1e6) / count);
      }
    }
    const [read = NaN, rebuilt = NaN, peer = NaN] = children.map(({ times }) => medianOf(times));
    const rows: Row[] = [];
    for (const [side, what, ours] of [
      ['ours', 'replay', read] as const,
      ['rebuild', 'projection rebuilt', rebuilt] as const,
    ]) {
      const name = `${what}, ${count} events`;
      const child = children.find((each) => each.side === side)?.child;
      const heap = child && (await ask(child, { side, watchesHeap: true }));
      rows.push(rateRow({ name, ours, peer, peerName: 'bare cursor' }), ...heapRows(name, heap?.heapBytes ?? []));
    }
    return rows;
  } finally {
    for (const { child } of children) child.kill();
  }
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}

function heapRows(name: string, heapBytes: readonly number[]): readonly Row[] {
  const [highest, lowest] = [Math.max(...heapBytes) / MB, Math.min(...heapBytes) / MB];
  const unit = 'MB; ratio = highest / lowest of ten readings, the first after a tenth';
  return [{ name: `${name}, heap`, unit, ours: highest, peer: lowest, peerName: 'lowest', ratio: highest / lowest }];
}

/** By the server itself: appending a million events one after the other would take minutes. */
async function seed(count: number): Promise<void> {
  const [schema, connectionString] = [schemaOf('replay'), serverUrl()];
  const pool = new Pool({ connectionString });
  await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  await migratePostgres({ connection: pool, schema });
  const { id: _id, ...order } = orders(1)[0] ?? { id: '' };
  await pool.query(
    `INSERT INTO "${schema}".dispatch_events (stream, version, id, name, schema_version, payload, metadata)
    SELECT 'order-' || n / 10, n % 10 + 1, gen_random_uuid()::text, 'benchmark.order-placed', 1,
      '{"id":"order-' || n || '",' || $1, json_build_object('correlationId', gen_random_uuid())
    FROM generate_series(0, $2::int - 1) n`,
    [JSON.stringify(order).slice(1), count],
  );
  await pool.query(`VACUUM ANALYZE "${schema}".dispatch_events`);
  await pool.end();
}

function start(count: number): ChildProcess {
  const program = fileURLToPath(new URL('./replay.js', import.meta.url));
  return fork(program, [String(count)], { execArgv: ['--expose-gc'] });
}

async function ask(child: ChildProcess, question: ReplayQuestion): Promise<Replay> {
  const answer = message(child);
  child.send(question);
  // It answers with what it was asked for.
  const replay = (await answer) as Replay | { readonly error: string };
  if ('error' in replay) throw new Error(`The replay failed: ${replay.error}`);
  return replay;
}

async function message(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`the process that replays ended with code ${code}`);
    });
    const answered = once(child, 'message', { signal }).then(([answer]: unknown[]) => answer);
    return await Promise.race([answered, ended]);
  } finally {
    waiting.abort();
  }
}
