import { isOptionsObject } from '../../common/describe-value.js';
import { decodeJson, type CodecLimits } from '../../message/codec/json-codec.js';
import type { Rehydrator } from '../../message/codec/rehydrate.js';
import { UnreadableMessageError } from '../../message/errors.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { MessageRegistry } from '../../message/message-registry.js';
import { MissingUpcasterError, UnknownEventError, UnreadableEventError } from '../errors.js';
import type { StoredEvent } from '../event-store.port.js';
import { Casting } from '../upcasting/casting.js';
import type { EventShape, ShapedPayload } from '../upcasting/upcaster.js';
import type { Upcasters } from '../upcasting/upcasters.js';
import { RawEvent, type RecordedEvent, type UnknownEvents } from './recorded-event.js';

/** What was stored under a higher limit is still to be read. */
const READ_LIMITS: CodecLimits = { maxBytes: Infinity, maxDepth: 1000 };

/** Which versions of events a reader knows. */
export interface VersionOptions {
  /**
   * The version a reader wants of the events of some names, where that is not the one of the newest class: newer ones are
   * downcast as far as upcasters know the way back. Without a class of that version it is given as a `RawEvent`.
   */
  readonly versions?: Readonly<Record<string, number>> | undefined;
}

/** What a reader needs; all of it lives as long as the application. */
export interface EventReaderParts {
  readonly messages: MessageRegistry;
  readonly rehydrator: Rehydrator;
  readonly upcasters: Upcasters;
  readonly unknownEvents: UnknownEvents;
}

/** Makes instances of the application's classes out of stored events. */
export class EventReader {
  private readonly casting: Casting;

  constructor(private readonly parts: EventReaderParts) {
    this.casting = new Casting(parts.upcasters);
  }

  /**
   * What a stored event says today: one event as a rule, and as many as upcasters make of it.
   *
   * @throws DISPATCH_UNREADABLE_EVENT, DISPATCH_UNKNOWN_EVENT, DISPATCH_MISSING_UPCASTER, DISPATCH_UPCAST_FAILED
   */
  read(stored: StoredEvent, { versions }: VersionOptions = {}): readonly RecordedEvent[] {
    const { name, schemaVersion: version } = stored;
    const { messages } = this.parts;
    const payload = payloadOf(stored);
    const newest = messages.find(name);
    // As a rule it was stored as it is wanted: then nothing is looked for.
    if (newest?.version === version && versions?.[name] === undefined) {
      return [recordedAs(stored, newest, this.made(stored, newest, payload))];
    }
    const wanted = (of: string): number | undefined => versions?.[of] ?? messages.find(of)?.version;
    const shapes = this.casting.cast({ name, version, payload }, wanted, stored);
    return shapes.flatMap((shaped) => this.recorded(stored, shaped, versions) ?? []);
  }

  private recorded(
    stored: StoredEvent,
    shaped: ShapedPayload,
    versions: VersionOptions['versions'],
  ): RecordedEvent | undefined {
    const definition = this.parts.messages.find(shaped.name, shaped.version);
    const event =
      definition === undefined
        ? this.rawEvent(stored, shaped, versions)
        : this.made(stored, definition, shaped.payload);
    return event && recordedAs(stored, shaped, event);
  }

  private made(stored: StoredEvent, { target }: MessageDefinition, payload: object): object {
    try {
      return this.parts.rehydrator.toMessage(target, payload);
    } catch (cause) {
      throw new UnreadableEventError(stored, { cause });
    }
  }

  private rawEvent(
    stored: StoredEvent,
    { name, version, payload }: ShapedPayload,
    versions: VersionOptions['versions'],
  ): RawEvent | undefined {
    const raw = new RawEvent(name, version, payload);
    if (versions?.[name] === version) return raw;
    const newest = this.parts.messages.find(name)?.version;
    if (newest !== undefined && version < newest) throw new MissingUpcasterError(stored, { name, version }, newest);
    switch (this.parts.unknownEvents) {
      case 'skip':
        return undefined;
      case 'raw':
        return raw;
      default:
        throw new UnknownEventError(name, version, stored);
    }
  }
}

/** Field by field, for what is copied by its rest takes ten times as long, and this is done for each event of a replay. */
function recordedAs(
  { stream, version, position, id, metadata, recordedAt }: StoredEvent,
  { name, version: schemaVersion }: EventShape,
  event: object,
): RecordedEvent {
  return { stream, version, position, id, name, schemaVersion, metadata, recordedAt, event };
}

function payloadOf(stored: StoredEvent): object {
  const payload = decoded(stored);
  if (isOptionsObject(payload)) return payload;
  throw new UnreadableEventError(stored, { cause: new UnreadableMessageError('The payload has no fields.') });
}

function decoded(stored: StoredEvent): unknown {
  try {
    return decodeJson(stored.payload, READ_LIMITS);
  } catch (cause) {
    throw new UnreadableEventError(stored, { cause });
  }
}
