import 'reflect-metadata';

import type { StoredEventFacts } from '../errors.js';

const UPCASTER = Symbol.for('nestjs-dispatch/upcaster');

/** The shape of an event: its wire name, and the version of its payload from 1. */
export interface EventShape {
  readonly name: string;
  readonly version: number;
}

/** A payload with the shape it has. */
export interface ShapedPayload extends EventShape {
  /** Plain fields, as the codec reads them; nothing in it is an instance of a class of the application. */
  readonly payload: object;
}

/** From one shape of an event to the next. */
export interface UpcastStep {
  /** The version that is upcast, from 1. */
  readonly from: number;
  /** The version that comes of it; above `from`, unless there is a new name. */
  readonly to: number;
  /** The name the event has from then on. Default: the one it had. */
  readonly as?: string;
}

/** From one shape of an event to any number of events. */
export interface UpcastSplit {
  /** The version that is upcast, from 1. */
  readonly from: number;
  /** Every shape that may come of it; none where the event is dropped. */
  readonly into: readonly EventShape[];
}

/** What an upcaster to one other shape does. */
export interface EventUpcaster {
  /** The payload of the next version, from that of the version before, which is a copy of its own. Pure, without a promise. */
  up(payload: never, stored: StoredEventFacts): object;
  /**
   * The way back, for readers whose newest class is of the version before, or who ask for that: what they do not know is left
   * out. Not under a new name. Without it, they see events of the next version as unknown.
   */
  down?(payload: never, stored: StoredEventFacts): object;
}

/** What an upcaster to any number of events does. */
export interface EventSplitter {
  /** The events in the place of the one that was stored, in order; each has one of the shapes in `into`. */
  up(payload: never, stored: StoredEventFacts): readonly ShapedPayload[];
}

/** An upcaster as the application has it, however it was given. */
export interface UpcasterEntry {
  /** Names it in errors. */
  readonly label: string;
  readonly name: string;
  readonly from: number;
  /** The shapes that may come of it. */
  readonly into: readonly EventShape[];
  /** Whether `up` gives the events themselves, and not the one payload. */
  readonly isSplit: boolean;
  readonly up: (payload: object, stored: StoredEventFacts) => unknown;
  readonly down: ((payload: object, stored: StoredEventFacts) => unknown) | undefined;
}

type UpcasterOptions = UpcastStep | UpcastSplit;
type UpcasterOf<O extends UpcasterOptions> = O extends UpcastSplit ? EventSplitter : EventUpcaster;
type ClassOf<T> = abstract new (...args: never[]) => T;

interface Declaration {
  readonly name: string;
  readonly options: UpcasterOptions;
}

/**
 * Makes a provider an upcaster of stored events: of one name and version, to the next. Chains are followed to the version of
 * the newest class that is known. It is a singleton.
 *
 * @example
 * ```ts
 * @Upcaster('orders.placed', { from: 1, to: 2 })
 * class PlacedWithCurrency {
 *   up({ cents }: { cents: number }) { return { amount: cents / 100, currency: 'EUR' }; }
 *   down({ amount }: { amount: number }) { return { cents: amount * 100 }; } // for readers that ask for version 1
 * }
 * ```
 */
export function Upcaster<const O extends UpcasterOptions>(name: string, options: O) {
  return (target: ClassOf<UpcasterOf<O>>): void => {
    const declaration: Declaration = { name, options };
    Reflect.defineMetadata(UPCASTER, declaration, target);
  };
}

/**
 * An upcaster that needs no class, for `eventStore: { upcasters: [...] }`.
 *
 * @example
 * ```ts
 * upcaster('orders.placed', { from: 2, to: 1, as: 'orders.accepted', up: (payload: { id: string }) => payload })
 * upcaster('orders.noted', { from: 1, into: [], up: () => [] }) // drops what nobody needs any more
 * ```
 */
export function upcaster<const O extends UpcasterOptions>(name: string, options: O & UpcasterOf<O>): UpcasterEntry {
  return entryOf({ name, options }, options, `upcaster('${name}')`);
}

/** The upcaster that an instance of a class is; undefined where the class is none. */
export function upcasterEntryOf(instance: object, type: object, label: string): UpcasterEntry | undefined {
  const declaration = Reflect.getOwnMetadata(UPCASTER, type) as Declaration | undefined;
  return declaration && entryOf(declaration, instance, label);
}

/** Whether a class carries `@Upcaster`. */
export function isUpcaster(type: object): boolean {
  return Reflect.hasOwnMetadata(UPCASTER, type);
}

function entryOf({ name, options }: Declaration, holder: object, label: string): UpcasterEntry {
  const isSplit = 'into' in options;
  const into = isSplit ? options.into : [{ name: options.as ?? name, version: options.to }];
  return Object.freeze({
    label,
    name,
    from: options.from,
    into,
    isSplit,
    // Where it is no function, `problemsOf` of the table says so before it is called.
    up: methodOf(holder, 'up') as UpcasterEntry['up'],
    down: methodOf(holder, 'down'),
  });
}

function methodOf(holder: object, name: 'up' | 'down'): UpcasterEntry['down'] {
  const method: unknown = Reflect.get(holder, name);
  return typeof method === 'function' ? (method.bind(holder) as UpcasterEntry['down']) : undefined;
}
