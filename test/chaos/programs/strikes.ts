import type { JournalWriter } from '../../processes/journal.js';
import type { ChaosEvent } from './events.js';

/** Where a worker that relays can be killed besides: before it hands messages on, and before it says that they are sent. */
export const RELAY_POINTS = ['relaying', 'relayed'] as const;

/** Where a worker can be killed, in the order in which a message comes by. */
export const POINTS = [
  'fetched',
  'counting',
  'counted',
  'handling',
  'committed',
  'settling',
  'parking',
  'draining',
] as const;

export type Point = (typeof POINTS | typeof RELAY_POINTS)[number];

/** When a worker ends itself. */
export interface Strike {
  readonly point: Point;
  /** The first, second ... time it comes to the point from now on. */
  readonly nth: number;
  /** How long after it, in milliseconds; 0 for before anything else happens in the process. */
  readonly afterMs: number;
}

/** Kills this process where it is told to. */
export class Strikes {
  private armed: readonly { readonly strike: Strike; seen: number }[] = [];

  constructor(private readonly journal: JournalWriter<ChaosEvent>) {}

  /** Takes the place of what was armed before. */
  arm(strikes: readonly Strike[]): void {
    this.armed = strikes.map((strike) => ({ strike, seen: 0 }));
  }

  /** Says that the process has come to a point. */
  reached(point: Point, id: string): void {
    for (const each of this.armed) {
      if (each.strike.point !== point) continue;
      each.seen += 1;
      if (each.seen !== each.strike.nth) continue;
      const kill = (): void => this.kill(point, id);
      if (each.strike.afterMs === 0) kill();
      else setTimeout(kill, each.strike.afterMs);
    }
  }

  /** The process does not live to see this return. */
  kill(point: Point | 'killer', id: string): void {
    this.journal.write({ event: 'struck', id, detail: point });
    process.kill(process.pid, 'SIGKILL');
  }
}
