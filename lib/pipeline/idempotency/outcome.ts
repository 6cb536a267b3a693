import { errorText } from '../../common/dispatch-error.js';
import { decodeJson, encodeValue, type CodecLimits } from '../../message/codec/json-codec.js';
import { SharedFailureError, type KeptError } from './errors.js';

/** The longest text of an error that is kept: it may quote a whole payload. */
const MAX_TEXT_LENGTH = 2000;

/**
 * What is kept of a result.
 *
 * @throws DISPATCH_UNSERIALIZABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE
 */
export function resultOutcome(result: unknown, limits: CodecLimits): string {
  return JSON.stringify({ result: encodeValue(result, limits) });
}

/** What is kept of an error. */
export function errorOutcome(error: unknown): string {
  return JSON.stringify({ error: keptErrorOf(error) });
}

/** The result that was kept. @throws SharedFailureError where it was an error */
export function readOutcome(outcome: string, { maxDepth }: CodecLimits): unknown {
  // What the codec wrote is an object of one of the two; the limit of bytes held when it was written.
  const kept = decodeJson(outcome, { maxBytes: Infinity, maxDepth: maxDepth + 1 }) as {
    readonly result?: unknown;
    readonly error?: KeptError;
  };
  if (kept.error !== undefined) throw new SharedFailureError(kept.error);
  return kept.result;
}

function keptErrorOf(error: unknown): KeptError {
  const message = errorText(error).slice(0, MAX_TEXT_LENGTH);
  if (!(error instanceof Error)) return { name: 'Error', message };
  const code: unknown = Reflect.get(error, 'code');
  return { name: error.name, message, ...(typeof code === 'string' && { code }) };
}
