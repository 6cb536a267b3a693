import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = process.cwd();
/** What an excerpt leaves out, as a reader would fill it in. */
const IMPORTS = `
import { Controller, HttpCode, Module, Post, Req, UseFilters, type RawBodyRequest } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import * as dispatch from 'nestjs-dispatch';
import type { HandlerContext, MessageSource, Next, PipelineBehavior, RoutedMessage, TransportMeta, View } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';
const { and, Behavior, DispatchExceptionFilter, DispatchModule, hasFields, header, hmacSignature } = dispatch;
const { EventsHandler, Idempotent, InSequence, not, ofType, OnNotification, Saga, Source, CommandHandler } = dispatch;
const { CachedQuery, CircuitBreaker, InvalidatesQueries, Query, QueryHandler, RateLimit, RunMode } = dispatch;
const { decider, InjectAggregateRepository, upcaster, Upcaster } = dispatch;
import type { CircuitBreakers, DeadLetters, ICommandHandler } from 'nestjs-dispatch';
import { bullmq } from 'nestjs-dispatch/bullmq';
import { postgresClaimCheck, postgresOutbox } from 'nestjs-dispatch/postgres';
import { Command, CommandFailedNotification, DeciderRepository, Dispatcher, Event } from 'nestjs-dispatch';
@Module({}) class AppModule {}
class OrderPaid extends Event { orderId = ''; }
class ShipOrder extends Command { constructor(readonly orderId: string) { super(); } }
class PlaceOrderHandler { async execute(_command: ShipOrder, _context: HandlerContext) {} }
const command = new ShipOrder('7');
class OrderPlaced extends Event {}
class StockMoved extends Event { sku = ''; version = 1; }
class SendReminders extends Command {}
class ChargeCard extends Command<{ orderId: string; isPaid: boolean }> {
  constructor(readonly orderId: string) { super(); }
}
declare const dispatcher: Dispatcher;
declare const scope: dispatch.TransactionScope;
declare const bank: { charge(orderId: string): Promise<string> };
declare const mailer: { send(orderId: string, receipt: string): Promise<void> };
`;

function codeBlocks(): string[] {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1] ?? '');
}

describe('the code in README.md', () => {
  let folder = '';

  beforeAll(() => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.cache', 'readme-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('compiles, excerpts with the imports they leave out', () => {
    const blocks = codeBlocks();
    expect(blocks.length).toBeGreaterThanOrEqual(2);
    const files = blocks.map((block, index) => {
      const file = join(folder, `block-${index}.ts`);
      const isWhole = block.startsWith('import ');
      writeFileSync(file, isWhole ? block : `${IMPORTS}${block}`);
      return file;
    });
    writeFileSync(
      join(folder, 'app.module.ts'),
      'export class AppModule {}\nexport class AuthModule {}\nexport class AdminGuard { canActivate() { return true; } }\n',
    );
    // An excerpt declares what its surroundings use.
    const compilerOptions = { noUnusedLocals: false };
    const config = { extends: join(ROOT, 'tsconfig.json'), files, include: [], compilerOptions };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect(`${tsc.stdout}${tsc.stderr}`).toBe('');
    expect(tsc.status).toBe(0);
  });

  it('has a first example of about forty lines', () => {
    const lines = (codeBlocks()[0] ?? '').split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeLessThanOrEqual(50);
  });
});
