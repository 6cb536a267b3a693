import { describe, expect, it } from '@jest/globals';

import { eventStoreStatements } from '../../../../lib/integrations/postgres/event-store/event-store-statements.js';
import { openStore } from './event-bench.js';

const COUNT = 50_000;

describe('a large table of events', () => {
  it('is never read as a whole, whatever is asked for', async () => {
    const { schema, pool } = await openStore();
    await pool.query(
      `INSERT INTO "${schema}".dispatch_events (stream, version, id, name, schema_version, payload, metadata)
      SELECT CASE WHEN n % 1000 = 0 THEN 'rare-' ELSE 'order-' END || n / 10, n % 10 + 1, n::text,
        CASE WHEN n % 1000 = 0 THEN 'rare' ELSE 'often' END, 1, '{}', '{}' FROM generate_series(1, $1::int) n;`,
      [COUNT],
    );
    await pool.query(`ANALYZE "${schema}".dispatch_events`);
    const { page, filteredPage, streamForwards, streamBackwards, facts, look } = eventStoreStatements(schema, false);
    const plan = async ({ text }: { readonly text: string }, ...values: readonly unknown[]): Promise<string> => {
      const { rows } = await pool.query<{ readonly 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values]);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const plans = {
      page: await plan(page, 25_000, COUNT, 500),
      rareName: await plan(filteredPage, 0, COUNT, 500, ['rare'], null, true),
      oftenName: await plan(filteredPage, 0, COUNT, 500, ['often'], null, true),
      rareCategory: await plan(filteredPage, 0, COUNT, 500, null, ['rare'], true),
      both: await plan(filteredPage, 0, COUNT, 500, ['rare', 'often'], ['rare'], false),
      forwards: await plan(streamForwards, 'order-7', 1, 9, 500),
      backwards: await plan(streamBackwards, 'order-7', 1, 9, 500),
      facts: await plan(facts, 'order-7'),
      look: await plan(look),
    };
    for (const text of Object.values(plans)) expect(text).not.toContain('Seq Scan on dispatch_events');
    expect(plans.page).toContain('dispatch_events_pkey');
    expect(plans.rareName).toContain('dispatch_events_name');
    expect(plans.oftenName).toContain('dispatch_events_pkey');
    expect(plans.rareCategory).toContain('dispatch_events_category');
    expect(plans.forwards).toContain('dispatch_events_stream_version_key');
  });
});
