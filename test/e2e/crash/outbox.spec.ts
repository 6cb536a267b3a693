import { randomUUID } from 'node:crypto';

import { afterAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';

import { sharedStore, STORES } from '../../processes/stores.js';
import { until } from '../../processes/until.js';
import type { ShopConfig } from './scene/application.js';
import { Stage } from './scene/stage.js';

const COUNT = 20;
const stage = Stage.build();
const pool = new Pool({ connectionString: sharedStore('postgres').url });

afterAll(() => pool.end());

describe.each(STORES)('a process with an outbox that is killed, with its queue on %s', (kind) => {
  it.each(['committing', 'relaying', 'relayed'] as const)(
    'while it is "%s" leaves no order without its message, no message without its order, and none is handled twice',
    async (dieAt) => {
      const scene = await stage.open(kind, { workerCount: 0 });
      const orders = { ...sharedStore('postgres'), scope: `shop_${randomUUID().replaceAll('-', '')}` };
      const config: ShopConfig = { orders, from: 1, count: COUNT, dieAt };
      const [first] = await Promise.all([scene.addShop('shop-1', config), scene.addWorker()]);
      await until('it to be killed', () => first.hasEnded);
      expect(first.end).toBe('SIGKILL');
      const kept = await pool.query<{ id: string }>(`SELECT id FROM "${orders.scope}".orders`);
      expect(kept.rows.length).toBeGreaterThanOrEqual(COUNT / 2);
      const second = await scene.addShop('shop-2', { orders, from: COUNT + 1, count: COUNT });
      const handled = () => scene.journal.of('done').map(({ id }) => id);
      const isRelayed = async () => {
        const { rows } = await pool.query<{ orders: number; unsent: number }>(`SELECT
          (SELECT count(*)::int FROM "${orders.scope}".orders) AS orders,
          (SELECT count(*)::int FROM "${orders.scope}".dispatch_outbox WHERE sent_at IS NULL) AS unsent`);
        return rows[0]?.orders === kept.rows.length + COUNT && rows[0].unsent === 0;
      };
      await until('everything to be relayed', isRelayed);
      await until('the queue to be empty', () => handled().length >= kept.rows.length + COUNT);
      const { rows } = await pool.query<{ id: string }>(`SELECT id FROM "${orders.scope}".orders`);
      expect(handled().toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
      const inOrder = handled().map((id) => Number(id.split('-')[1]));
      expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));
      expect(second.hasCrashed).toBe(false);
      await pool.query(`DROP SCHEMA "${orders.scope}" CASCADE`);
    },
  );
});
