import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { HandlerContext } from '../../message/message-context.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { Next, PipelineBehavior } from '../behavior.js';
import { redact } from './redaction.js';

/** What the logging behavior writes. */
export interface LoggingOptions {
  /** Level of a success; a failure is a warning. Default `'debug'`. */
  readonly level?: 'log' | 'debug' | 'verbose';
  /**
   * Whether the message itself is written, with sensitive fields redacted. Default true. Fields of plain objects in a
   * list, Set or Map are redacted only where `sensitive` of `@Message` names their path: `@Sensitive()` marks a class,
   * and is found there on its instances only.
   */
  readonly payload?: boolean;
}

/** Logs each handled message: handler, message name and id, duration, and the message with sensitive fields redacted. */
export class LoggingBehavior implements PipelineBehavior {
  private readonly logger = new Logger('Dispatch');

  constructor(
    private readonly definition: MessageDefinition,
    private readonly options: LoggingOptions,
  ) {}

  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    const startedAt = performance.now();
    try {
      const result = await next();
      this.logger[this.options.level ?? 'debug'](this.line(context, 'handled', startedAt));
      return result;
    } catch (error) {
      this.logger.warn(`${this.line(context, 'failed', startedAt)}: ${errorText(error)}`);
      throw error;
    }
  }

  private line(context: HandlerContext, outcome: string, startedAt: number): string {
    const durationMs = (performance.now() - startedAt).toFixed(1);
    const payload = this.options.payload === false ? '' : ` ${this.payloadOf(context.message)}`;
    return `${context.handler.name} ${outcome} "${context.name}" (${context.id}) in ${durationMs} ms${payload}`;
  }

  /** A getter of the message may throw. Logging changes no result, so the line says that instead. */
  private payloadOf(message: object): string {
    try {
      return JSON.stringify(redact(message, this.definition));
    } catch (error) {
      return `(the message cannot be shown: ${errorText(error)})`;
    }
  }
}
