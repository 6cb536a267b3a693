import { isUtf8 } from 'node:buffer';

import type { RawMessage, TransportMeta } from '../../dispatcher/raw-intake.js';
import { assertSafe, DEFAULT_MAX_DEPTH } from '../../message/codec/safe-value.js';
import { viewOf, type View } from './view.js';

/**
 * Reads one format. Its sources form a group: the default group (JSON) is asked first, then the groups of other
 * inspectors in the order their first source was added. A group inspects a message at most once, and only if no earlier
 * group had a source for it.
 */
export interface Inspector {
  /** Names the format in errors. */
  readonly name: string;
  /**
   * Reads a message; undefined means it is not of this format. What it throws is kept as the cause of the error, should
   * no other group recognise the message. Reject hostile input here: nothing after it looks at the raw bytes again.
   */
  inspect(raw: RawMessage, meta: TransportMeta): View | undefined;
}

/**
 * Makes the inspector for JSON (UTF-8, with or without a byte order mark). A message is parsed once, whatever the
 * number of sources.
 * @param maxDepth how many levels of objects and arrays a message may nest; default 64
 */
export function jsonInspector(maxDepth: number = DEFAULT_MAX_DEPTH): Inspector {
  return {
    name: 'json',
    inspect(raw) {
      const text = textOf(raw);
      if (text === undefined) return undefined;
      const parsed = parseJson(text);
      if (parsed === undefined) return undefined;
      assertSafe(parsed.value, maxDepth);
      return viewOf(parsed.value);
    },
  };
}

function textOf(raw: RawMessage): string | undefined {
  if (typeof raw === 'string') return withoutMark(raw);
  if (!isUtf8(raw)) return undefined;
  return withoutMark(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString());
}

/** @see https://www.rfc-editor.org/rfc/rfc8259#section-8.1 parsers may ignore a byte order mark */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // The engine's text quotes the message, which may hold secrets, so it is not kept.
    return undefined;
  }
}
