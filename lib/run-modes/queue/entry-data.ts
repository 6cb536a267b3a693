import { decodeJson, decodeValue, DEFAULT_CODEC_LIMITS, type CodecLimits } from '../../message/codec/json-codec.js';
import { isPriority, type Envelope, type MessagePriority } from '../../message/envelope.js';
import type { MessageHeaders } from '../../message/headers.js';
import type { MessageKind } from '../../message/message.js';
import type { JsonValue } from './queue-backend.port.js';

/** The format of the data of an entry. It is in stores: a change that old workers cannot read needs a new number. */
const FORMAT = 1;
/** That of an entry whose payload is kept elsewhere: a worker of a release before must not handle it without. */
const CLAIM_FORMAT = 2;
const KINDS: readonly unknown[] = ['command', 'query', 'event'] satisfies MessageKind[];

/** What an entry carries of its message. */
export interface EntryData {
  readonly kind: MessageKind;
  readonly name: string;
  readonly version: number;
  /** The handler's key; undefined where the sender did not know the handler. */
  readonly handler: string | undefined;
  /** The message's id; undefined where a schedule makes the message, whose id is then that of the entry. */
  readonly id: string | undefined;
  readonly sentAt: Date | undefined;
  readonly headers: MessageHeaders;
  readonly key: string | undefined;
  readonly priority: MessagePriority | undefined;
  readonly timeoutMs: number | undefined;
  /** Whether a caller waits for the result, and so is told of a failure. */
  readonly isAwaited: boolean;
  readonly payload: unknown;
}

/** Where a payload is that is kept outside the queue. */
export interface ClaimReference {
  /** What its store knows it by. */
  readonly id: string;
  /** As JSON, in UTF-8; for those who look into the queue. */
  readonly sizeBytes: number;
}

/** The payload, as `encodeValue` has made it, or where it is. */
export type EntryContent = { readonly payload: unknown } | { readonly claim: ClaimReference };

/** How the data of an entry is written. */
export interface EntryDataOptions {
  readonly handler: string | undefined;
  readonly isAwaited?: boolean;
  /** For a schedule, which makes a new message each time. */
  readonly isTemplate?: boolean;
}

/** Writes the data of an entry. */
export function writeEntryData(
  envelope: Envelope,
  content: EntryContent,
  { handler, isAwaited = false, isTemplate = false }: EntryDataOptions,
): JsonValue {
  const { kind, name, version, key, ownPriority: priority, timeoutMs } = envelope;
  const data = {
    format: formatOf(content),
    kind,
    name,
    version,
    handler,
    id: isTemplate ? undefined : envelope.id,
    sentAt: isTemplate ? undefined : envelope.sentAt.getTime(),
    headers: isTemplate ? withoutCorrelation(envelope.headers) : envelope.headers,
    key: isTemplate ? undefined : key,
    priority,
    timeoutMs,
    isAwaited: isAwaited || undefined,
    ...content,
  };
  // Fields that are undefined are left out by every store, as by JSON.
  return data as JsonValue;
}

/**
 * Reads the data of an entry, which may be anything.
 *
 * @param kept the payload, where it was kept outside the queue and is read by now; the limits are those of such payloads then
 * @returns a text that says what is wrong, where it is no entry of ours
 * @throws DISPATCH_UNREADABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE for a payload that breaks the limits
 */
export function readEntryData(data: unknown, limits: CodecLimits, kept?: string): EntryData | string {
  if (typeof data !== 'object' || data === null) return 'its data is no object';
  const { format, kind, name, version, headers, ...rest } = data as Partial<Record<string, unknown>>;
  const { handler, id, sentAt, key, priority, timeoutMs, isAwaited, payload } = rest;
  if (format === CLAIM_FORMAT && kept === undefined) {
    return 'its payload is kept outside the queue, and this process has no "claimCheck" to read it with';
  }
  if (!isOurs(format)) return `its data has the format ${JSON.stringify(format) ?? 'undefined'}, not ${FORMAT}`;
  const isNamed = typeof name === 'string' && typeof version === 'number' && KINDS.includes(kind);
  if (!isNamed) return 'its data names no message';
  if (!isHeaders(headers)) return 'its headers are not texts';
  return {
    kind: kind as MessageKind,
    name,
    version,
    handler: typeof handler === 'string' ? handler : undefined,
    id: typeof id === 'string' ? id : undefined,
    sentAt: typeof sentAt === 'number' && Number.isFinite(sentAt) ? new Date(sentAt) : undefined,
    headers,
    key: typeof key === 'string' ? key : undefined,
    priority: isPriority(priority) ? priority : undefined,
    timeoutMs: typeof timeoutMs === 'number' && timeoutMs >= 0 ? timeoutMs : undefined,
    isAwaited: isAwaited === true,
    payload: kept === undefined ? decodeValue(payload ?? null, limits) : decodeJson(kept, limits),
  };
}

/** Where the payload of an entry is, whose data may be anything; undefined where the entry has it, or is none of ours. */
export function claimOf(data: unknown): ClaimReference | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { format, claim } = data as Partial<Record<string, unknown>>;
  if (format !== CLAIM_FORMAT || typeof claim !== 'object' || claim === null) return undefined;
  const { id, sizeBytes } = claim as Partial<Record<string, unknown>>;
  return typeof id === 'string' ? { id, sizeBytes: Number(sizeBytes) } : undefined;
}

/** What the data of an entry, which may be anything, says of its message without its payload being read. */
export function entryFacts(
  data: unknown,
  entryId: string,
): { messageId: string | undefined; handler: string | undefined } {
  const { format, id, handler } = (data ?? {}) as Partial<Record<string, unknown>>;
  if (!isOurs(format)) return { messageId: undefined, handler: undefined };
  return {
    messageId: typeof id === 'string' ? id : entryId,
    handler: typeof handler === 'string' ? handler : undefined,
  };
}

/** What is stored of a message, its payload as it is; undefined where that is kept outside the queue, with where in its place. */
export interface StoredMessage extends Omit<EntryData, 'handler' | 'timeoutMs' | 'isAwaited' | 'id'> {
  readonly id: string;
  readonly claim: (ClaimReference & { readonly state: 'notRead' }) | undefined;
}

/** Reads the data of an entry, which may be anything, but not its payload. @returns undefined where it is no entry of ours */
export function storedMessage(data: unknown, entryId: string): StoredMessage | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const found = claimOf(data);
  const claim = found && { ...found, state: 'notRead' as const };
  const payload: unknown = found === undefined ? Reflect.get(data, 'payload') : undefined;
  const entry = readEntryData({ ...data, payload: null }, DEFAULT_CODEC_LIMITS, 'null');
  if (typeof entry === 'string') return undefined;
  const { kind, name, version, id = entryId, sentAt, headers, key, priority } = entry;
  return { kind, name, version, id, sentAt, headers, key, priority, payload, claim };
}

/** The data of an entry that is sent again: nobody waits for it any more. Undefined where nothing of it changes. */
export function resentData(
  data: unknown,
  { headers, content }: { readonly headers?: MessageHeaders; readonly content?: EntryContent },
): JsonValue | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const isChanged = headers !== undefined || content !== undefined;
  if (!isChanged && Reflect.get(data, 'isAwaited') !== true) return undefined;
  const replaced = content && { payload: undefined, claim: undefined, format: formatOf(content), ...content };
  // What is stored was JSON before, and the changes are.
  return { ...data, ...(headers && { headers }), ...replaced, isAwaited: undefined } as unknown as JsonValue;
}

function formatOf(content: EntryContent): number {
  return 'claim' in content ? CLAIM_FORMAT : FORMAT;
}

/** Whether data that this release cannot read says that it is an entry of a later one. */
export function isOfLaterFormat(data: unknown): boolean {
  const { format } = (data ?? {}) as Partial<Record<string, unknown>>;
  return typeof format === 'number' && format > CLAIM_FORMAT;
}

function isOurs(format: unknown): boolean {
  return format === FORMAT || format === CLAIM_FORMAT;
}

/** Each message of a schedule begins a correlation of its own. */
function withoutCorrelation({ correlationId: _correlationId, causationId: _causationId, ...headers }: MessageHeaders) {
  return headers;
}

function isHeaders(value: unknown): value is MessageHeaders {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((header) => header === undefined || typeof header === 'string');
}
