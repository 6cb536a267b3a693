import type { OrderData } from '../queue/orders.js';

/** What is done with streams, on one side. Everything a side opens stays open until its process ends. */
export interface StoreSide {
  /** Appends events to a stream that has so many; @throws where it has not */
  append(stream: string, events: readonly OrderData[], version: number): Promise<unknown>;
  /** The same, with a row for each stream that counts the lines of its events, in one transaction. Undefined where the side is not asked. */
  readonly appendProjected?: (stream: string, events: readonly OrderData[], version: number) => Promise<unknown>;
  /** Reads a stream from its first event, and adds up. @returns the number of lines in all events */
  read(stream: string): Promise<number>;
  /** The same, beginning with a snapshot, which it has taken before. Undefined where the side knows none. */
  readonly readWithSnapshot?: (stream: string) => Promise<number>;
}

/** A state that is folded from events. */
export interface LineCount {
  readonly lines: number;
}

/** What the projection that is written with each append does: its parameters are the stream and how many lines. */
export function projectSql(table: string): string {
  return `INSERT INTO ${table} AS held VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET lines = held.lines + excluded.lines`;
}

/** The schema that a side has to itself. */
export function schemaOf(side: string): string {
  return `dispatch_benchmark_store_${side}`;
}

/** Where the server is, as the process that measures was told. */
export function serverUrl(): string {
  const url = process.env['BENCHMARK_POSTGRES_URL'];
  if (url === undefined) throw new Error('BENCHMARK_POSTGRES_URL is not set');
  return url;
}
