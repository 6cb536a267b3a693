import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { DeadLetterEdit, LetterChange } from '../../failures/dead-letters/dead-letter-source.port.js';
import type { DeadLetter, DeadLetterClaim } from '../../failures/dead-letters/dead-letter.js';
import { DeadLetterNotReplayableError } from '../../failures/dead-letters/errors.js';
import type { LetterRef } from '../../failures/dead-letters/letter-batch.js';
import type { LetterPayloads } from '../../failures/dead-letters/letter-payloads.port.js';
import { decodeJson, parseJson } from '../../message/codec/json-codec.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';

/** What could be found out of a payload. */
interface FoundPayload {
  readonly state: DeadLetterClaim['state'];
  readonly payload: unknown;
}

/** The payloads of dead letters, as far as the claim check keeps them. */
export class ClaimedPayloads implements LetterPayloads {
  private readonly logger = new Logger('Queues');

  /** @param claims undefined where this process has no claim check */
  constructor(private readonly claims: ClaimCheck | undefined) {}

  async shown(letter: DeadLetter): Promise<DeadLetter> {
    const { message } = letter;
    if (message?.claim === undefined) return letter;
    const { state, payload } = await this.found(message.claim, message.name);
    return { ...letter, message: { ...message, payload, claim: { ...message.claim, state } } };
  }

  async changed({ id, messageName }: LetterRef, edit: DeadLetterEdit): Promise<LetterChange> {
    const { claims } = this;
    // What the source refuses in any case is left to it.
    if (claims === undefined || messageName === undefined || edit.payload === undefined) return edit;
    const text = textOf(edit.payload);
    if (text === undefined || !claims.isLarge(text)) return edit;
    try {
      decodeJson(text, claims.limits);
    } catch (cause) {
      throw new DeadLetterNotReplayableError(id, `its new payload cannot be stored (${errorText(cause)})`, { cause });
    }
    const claim = await claims.keep(messageName, text, 0);
    return { ...(edit.headers !== undefined && { headers: edit.headers }), claim };
  }

  refused(change: LetterChange | undefined, error: unknown): void {
    if (change?.claim !== undefined) this.claims?.refused(change.claim, error);
  }

  discarded({ claim }: LetterRef): void {
    if (claim !== undefined) this.claims?.forget(claim);
  }

  private async found(claim: DeadLetterClaim, messageName: string): Promise<FoundPayload> {
    const { claims } = this;
    if (claims === undefined) return { state: 'unavailable', payload: undefined };
    let text: string | undefined;
    try {
      text = await claims.read(claim, messageName);
    } catch (error) {
      const cause = error instanceof Error ? error.cause : error;
      this.logger.warn(`The payload of the dead letter of "${messageName}" cannot be shown: ${errorText(cause)}`);
      return { state: 'unavailable', payload: undefined };
    }
    if (text === undefined) return { state: 'gone', payload: undefined };
    try {
      return { state: 'read', payload: parseJson(text, claims.limits) };
    } catch {
      return { state: 'unreadable', payload: undefined };
    }
  }
}

function textOf(payload: unknown): string | undefined {
  try {
    return JSON.stringify(payload);
  } catch {
    return undefined;
  }
}
