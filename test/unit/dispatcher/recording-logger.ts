import type { LoggerService } from '@nestjs/common';

const OURS: ReadonlySet<unknown> = new Set([
  'Dispatch',
  'CommandBus',
  'QueryBus',
  'EventBus',
  'EventStore',
  'CqrsModule',
  'UnhandledExceptionBus',
  'Notifications',
  'Queues',
  'Projections',
]);

/** Keeps what this package logs, one text per line, starting with its level. */
export class RecordingLogger implements LoggerService {
  readonly lines: string[] = [];

  log(message: unknown, ...rest: unknown[]): void {
    this.keep('log', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.keep('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.keep('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.keep('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.keep('verbose', message, rest);
  }

  private keep(level: string, message: unknown, rest: readonly unknown[]): void {
    if (OURS.has(rest.at(-1))) this.lines.push(`${level} ${String(message)}`);
  }
}
