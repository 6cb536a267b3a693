import 'reflect-metadata';

import { Module, type INestApplicationContext, type LoggerService, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DispatchModule, UnhandledExceptionBus } from 'nestjs-dispatch';

/** An application of a few providers; keeps the log quiet unless a logger is given. */
export async function start(
  providers: ModuleMetadata['providers'],
  {
    imports = [DispatchModule.forRoot()],
    logger,
  }: { imports?: ModuleMetadata['imports']; logger?: LoggerService } = {},
): Promise<INestApplicationContext> {
  @Module({ imports: imports ?? [], providers: providers ?? [] })
  class AppModule {}

  return NestFactory.createApplicationContext(AppModule, { logger: logger ?? false, abortOnError: false });
}

/** Lets everything happen that waits for nothing but its turn; an unhandled rejection would fail the test here. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Collects what the failure stream shows from now on: the class of the cause and the message of the error. */
export function collectFailures(app: INestApplicationContext): string[] {
  const failures: string[] = [];
  app
    .get<UnhandledExceptionBus>(UnhandledExceptionBus)
    .subscribe(({ cause, exception }) => failures.push(`${cause.constructor.name}: ${String(exception)}`));
  return failures;
}

/** A logger that keeps its errors. */
export class ErrorLog implements LoggerService {
  readonly errors: unknown[][] = [];

  log(): void {}

  warn(): void {}

  error(...line: unknown[]): void {
    this.errors.push(line);
  }
}

/** What a promise rejects with; fails the test where it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('the promise was expected to reject');
    },
    (error: unknown) => error,
  );
}
