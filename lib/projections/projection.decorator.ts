import 'reflect-metadata';

import type { MessageClass } from '../message/message.js';

const PROJECTION = Symbol.for('nestjs-dispatch/projection');
const NOT_REPLAYED = Symbol.for('nestjs-dispatch/not-replayed');

/**
 * When a projection is written: `'async'` behind the appends, from a checkpoint, by one process at a time; `'inline'` in the
 * transaction of each append of this application, which fails with it.
 */
export type ProjectionMode = 'async' | 'inline';

/**
 * What a projection does about an event that it has failed at after all retries. `'stop'`: nothing more until it is resumed or the
 * application restarts. `'parkEvent'`: it goes on without the event. `'parkStream'`: it goes on without the event and the later
 * ones of its stream. What is parked can be tried again.
 */
export type ProjectionFailureAction = 'stop' | 'parkEvent' | 'parkStream';

/** Options of {@link Projection}. */
export interface ProjectionOptions {
  /** Events for the method `when(event, context)`, beside those that methods with `@On` take. Default: none. */
  readonly events?: readonly MessageClass[];
  /** Default `'async'`. */
  readonly mode?: ProjectionMode;
  /** Default `'stop'`. Without meaning inline, where the append fails. */
  readonly onFailure?: ProjectionFailureAction;
  /** How many events are written in one transaction, from 1 to 10 000. Default 500. */
  readonly batchSize?: number;
  /** How often an event is tried again before `onFailure`, from 0 to 100. The waits double from 100 ms to 10 s. Default 5. */
  readonly retries?: number;
  /**
   * The version of what is written, from 1. A process with a higher one than what is active builds it anew beside that, and then
   * switches; one with a lower one leaves it alone. Default 1.
   */
  readonly version?: number;
}

/** What `@Projection` wrote on a class. */
export interface ProjectionDeclaration {
  readonly name: string;
  readonly options: ProjectionOptions;
}

type ClassOf<T> = abstract new (...args: never[]) => T;

/**
 * Makes a provider a projection: each of its methods with `@On` writes the events of one class to a read model, in the order in
 * which they were recorded. It is a singleton.
 *
 * @param name what its checkpoint is kept under; unique in the application
 *
 * @example
 * ```ts
 * @Projection('order-summary', { onFailure: 'parkStream' })
 * class OrderSummary {
 *   @On(OrderPlaced)
 *   async placed({ customer }: OrderPlaced, { client, stream }: ProjectionContext<pg.Client>) {
 *     await client.query('INSERT INTO summary (id, customer) VALUES ($1, $2)', [stream, customer]);
 *   }
 * }
 * ```
 */
export function Projection(name: string, options: ProjectionOptions = {}) {
  return (target: ClassOf<object>): void => {
    const declaration: ProjectionDeclaration = { name, options };
    Reflect.defineMetadata(PROJECTION, declaration, target);
  };
}

/**
 * Keeps a method of a projection from being called for an event that was handled before, as in a rebuild: for what must happen
 * once, such as a mail.
 */
export function DisallowReplay() {
  return (prototype: object, method: string | symbol): void => {
    const target = prototype.constructor;
    Reflect.defineMetadata(NOT_REPLAYED, new Set([...notReplayedBy(target), method]), target);
  };
}

/** What `@Projection` wrote on this very class; undefined for any other. */
export function projectionDeclarationOf(target: object): ProjectionDeclaration | undefined {
  return Reflect.getOwnMetadata(PROJECTION, target) as ProjectionDeclaration | undefined;
}

/** The methods of a class, its bases included, that carry `@DisallowReplay`. */
export function notReplayedBy(target: object): ReadonlySet<string | symbol> {
  return (Reflect.getMetadata(NOT_REPLAYED, target) as ReadonlySet<string | symbol> | undefined) ?? new Set();
}
