import { errorText } from '../../common/dispatch-error.js';
import type { LetterChange } from '../../failures/dead-letters/dead-letter-source.port.js';
import { DeadLetterNotReplayableError } from '../../failures/dead-letters/errors.js';
import { decodeValue, type CodecLimits } from '../../message/codec/json-codec.js';
import { unfitKindOf } from '../../message/codec/rehydrate.js';
import type { MessageHeaders } from '../../message/headers.js';
import { isOfLaterFormat, resentData, storedMessage } from '../queue/entry-data.js';
import type { JsonValue, ParkedEntry } from '../queue/queue-backend.port.js';

/** Whether a change puts another payload in the place of the one before. */
export function hasNewPayload(edit: LetterChange | undefined): boolean {
  return edit?.payload !== undefined || edit?.claim !== undefined;
}

/**
 * The data of an entry as it is sent again; undefined where it is as before.
 *
 * @throws DISPATCH_DEAD_LETTER_NOT_REPLAYABLE
 */
export function editedData(
  letterId: string,
  { data, id }: Pick<ParkedEntry, 'data' | 'id'>,
  edit: LetterChange | undefined,
  limits: CodecLimits,
): JsonValue | undefined {
  const isEdited = edit?.headers !== undefined || hasNewPayload(edit);
  const message = storedMessage(data, id);
  if (message === undefined) {
    // A worker of a later release may take it, where this process does not know it yet.
    if (!isEdited && isOfLaterFormat(data)) return undefined;
    const problem = isEdited
      ? 'what is stored is no message of this package, so it has no headers or payload to change'
      : 'what is stored is no message of this package, and would be parked again: it can be discarded';
    throw new DeadLetterNotReplayableError(letterId, problem);
  }
  if (!isEdited) return resentData(data, {});
  const { headers, payload, claim } = edit ?? {};
  return resentData(data, {
    ...(headers !== undefined && { headers: withHeaders(message.headers, headers) }),
    ...(claim !== undefined && { content: { claim } }),
    ...(payload !== undefined && { content: { payload: payloadOf(letterId, payload, limits) } }),
  });
}

function payloadOf(letterId: string, payload: unknown, limits: CodecLimits): JsonValue {
  let unfit: string | undefined;
  try {
    // It is JSON, since it comes out of a text.
    const copy = JSON.parse(JSON.stringify(payload)) as JsonValue;
    unfit = unfitKindOf(decodeValue(copy, limits));
    if (unfit === undefined) return copy;
  } catch (cause) {
    const problem = `its new payload cannot be stored (${errorText(cause)})`;
    throw new DeadLetterNotReplayableError(letterId, problem, { cause });
  }
  throw new DeadLetterNotReplayableError(letterId, `its new payload is ${unfit}, and a message is an object`);
}

function withHeaders(headers: MessageHeaders, changes: Readonly<Record<string, string | null>>): MessageHeaders {
  const all = Object.entries({ ...headers, ...changes });
  return Object.fromEntries(all.filter((header): header is [string, string] => typeof header[1] === 'string'));
}
