import { isOptionsObject } from '../../common/describe-value.js';
import { UpcastFailedError, type StoredEventFacts } from '../errors.js';
import type { ShapedPayload, UpcasterEntry } from './upcaster.js';
import { textOf, type Upcasters } from './upcasters.js';

/** More steps than this are a circle, which a module that was loaded later may have made. */
const MAX_STEPS = 1000;

/** The version of a name that is wanted; undefined where any will do. */
export type WantedVersion = (name: string) => number | undefined;

/** Takes stored payloads to the shapes that are wanted of them, as far as upcasters lead there. */
export class Casting {
  constructor(private readonly upcasters: Upcasters) {}

  /**
   * The events in the place of a stored one. Where no upcaster leads on, what it has led to.
   *
   * @throws DISPATCH_UPCAST_FAILED where an upcaster throws, or gives something else than it says
   */
  cast(shaped: ShapedPayload, wanted: WantedVersion, stored: StoredEventFacts): readonly ShapedPayload[] {
    return this.step(shaped, wanted, stored, 0);
  }

  private step(
    shaped: ShapedPayload,
    wanted: WantedVersion,
    stored: StoredEventFacts,
    steps: number,
  ): readonly ShapedPayload[] {
    const next = this.nextOf(shaped, wanted(shaped.name), stored);
    if (next === undefined) return [shaped];
    if (steps >= MAX_STEPS) throw new UpcastFailedError(stored, textOf(shaped), 'the upcasters lead round in a circle');
    return next.flatMap((one) => this.step(one, wanted, stored, steps + 1));
  }

  private nextOf(
    shaped: ShapedPayload,
    wanted: number | undefined,
    stored: StoredEventFacts,
  ): readonly ShapedPayload[] | undefined {
    const { name, version } = shaped;
    if (version === wanted) return undefined;
    if (wanted !== undefined && version > wanted) {
      const back = this.upcasters.downFrom(shaped);
      if (back?.down === undefined || back.from < wanted) return undefined;
      return [{ name, version: back.from, payload: payloadFrom(back, back.down, shaped, stored) }];
    }
    const on = this.upcasters.upFrom(shaped);
    if (on === undefined) return undefined;
    const leadsTooFar = on.into.some((shape) => shape.name === name && wanted !== undefined && shape.version > wanted);
    return leadsTooFar ? undefined : upcastBy(on, shaped, stored);
  }
}

function upcastBy(entry: UpcasterEntry, shaped: ShapedPayload, stored: StoredEventFacts): readonly ShapedPayload[] {
  const [target] = entry.into;
  if (!entry.isSplit && target !== undefined) {
    return [{ ...target, payload: payloadFrom(entry, entry.up, shaped, stored) }];
  }
  const given = callOf(entry, entry.up, shaped, stored);
  if (!Array.isArray(given)) throw new UpcastFailedError(stored, entry.label, 'it gave no list of events');
  return given.map((one: unknown) => {
    const part = one as Partial<ShapedPayload> | null | undefined;
    const shape = entry.into.find(({ name, version }) => name === part?.name && version === part.version);
    const payload: unknown = part?.payload;
    if (shape === undefined || !isOptionsObject(payload)) {
      throw new UpcastFailedError(stored, entry.label, 'it gave an event of a shape that its "into" does not name');
    }
    return { ...shape, payload };
  });
}

function payloadFrom(
  entry: UpcasterEntry,
  cast: UpcasterEntry['up'],
  shaped: ShapedPayload,
  stored: StoredEventFacts,
): object {
  const payload = callOf(entry, cast, shaped, stored);
  if (!isOptionsObject(payload) || payload instanceof Promise) {
    throw new UpcastFailedError(stored, entry.label, 'it gave no object with fields');
  }
  return payload;
}

function callOf(
  entry: UpcasterEntry,
  cast: UpcasterEntry['up'],
  { payload }: ShapedPayload,
  stored: StoredEventFacts,
): unknown {
  try {
    return cast(payload, stored);
  } catch (cause) {
    throw new UpcastFailedError(stored, entry.label, 'see the cause', { cause });
  }
}
