import * as cqrs from '@nestjs/cqrs';
import { Module, type INestApplicationContext, type ModuleMetadata, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as dispatch from 'nestjs-dispatch';

/** A library by the names an application for `@nestjs/cqrs` knows. */
export type Library = typeof cqrs;

export const original: Library = cqrs;

/** That the names used agree in their types as well is what types.spec.ts shows. */
export const moved = dispatch as unknown as Library;

/** An application of a few providers, started with one of the libraries. */
export async function start(
  library: Library,
  providers: Provider[],
  imports: ModuleMetadata['imports'] = [library.CqrsModule],
): Promise<INestApplicationContext> {
  @Module({ imports, providers })
  class AppModule {}

  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a call throws or rejects with, and how. */
export async function failureOf(call: () => unknown): Promise<string> {
  try {
    const result = call();
    return await Promise.resolve(result).then(
      () => 'no failure',
      (error: unknown) => `rejects with ${nameOf(error)}`,
    );
  } catch (error) {
    return `throws ${nameOf(error)}`;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : String(error);
}
