import { describe, expect, it } from '@jest/globals';
import {
  Inject,
  Injectable,
  Module,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { DeadLettersHttpModule, inMemoryQueue, isDispatchError, type WiringError } from 'nestjs-dispatch';
import { of } from 'rxjs';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { startHttp } from './http-application.js';

@Injectable()
class Keys {
  readonly known = 'open';
}

@Module({ providers: [Keys], exports: [Keys] })
class KeysModule {}

@Injectable()
class KeyGuard implements CanActivate {
  constructor(@Inject(Keys) private readonly keys: Keys) {}

  canActivate(context: ExecutionContext): boolean {
    return keyOf(context) === this.keys.known;
  }
}

function keyOf(context: ExecutionContext): unknown {
  return context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-key'];
}

const nobody: CanActivate = { canActivate: () => of(false) };
const everybody: CanActivate = { canActivate: () => Promise.resolve(true) };
const guards = (...made: readonly (CanActivate | Type<CanActivate>)[]) => ({ guards: made });

const GUARDED: readonly (readonly [string, DynamicModule])[] = [
  ['a class', DeadLettersHttpModule.forRoot({ guards: [KeyGuard], imports: [KeysModule] })],
  ['an instance and a class', DeadLettersHttpModule.forRoot({ guards: [everybody, KeyGuard], imports: [KeysModule] })],
  [
    'a class made by a factory',
    DeadLettersHttpModule.forRootAsync({ useFactory: () => guards(everybody, KeyGuard), imports: [KeysModule] }),
  ],
  [
    'an instance made by a factory of what it injects',
    DeadLettersHttpModule.forRootAsync({
      imports: [KeysModule],
      inject: [Keys],
      useFactory: (keys: Keys) => Promise.resolve(guards(new KeyGuard(keys))),
    }),
  ],
];

describe.each(GUARDED)('routes guarded by %s', (_how, http) => {
  it.each([
    ['GET', ''],
    ['GET', '/groups'],
    ['GET', '/1'],
    ['POST', '/1/replay'],
    ['POST', '/replay'],
    ['POST', '/1/discard'],
    ['POST', '/discard'],
    ['DELETE', '?olderThan=1h'],
  ])('answer 403 to whoever it refuses: %s %s', async (method, route) => {
    const { ask } = await startHttp(inMemoryQueue(), http);
    expect(await ask(method, route, undefined, 'wrong')).toMatchObject({ status: 403 });
    expect((await ask('GET', '', undefined, 'open')).status).toBe(200);
  });
});

it.each([
  ['known at once', DeadLettersHttpModule.forRoot({ guards: [everybody, nobody] })],
  ['made by a factory', DeadLettersHttpModule.forRootAsync({ useFactory: () => guards(everybody, nobody) })],
])('one guard of several that refuses is enough, where they are %s', async (_how, http) => {
  const { ask } = await startHttp(inMemoryQueue(), http);
  expect(await ask('GET', '')).toMatchObject({ status: 403 });
});

it('the routes are where the path says', async () => {
  const http = DeadLettersHttpModule.forRoot({ guards: [everybody], path: 'admin/letters' });
  const { ask } = await startHttp(inMemoryQueue(), http, 'admin/letters');
  expect(await ask('GET', '')).toEqual({ status: 200, body: { letters: [] } });
});

it('there are no routes where the module is not imported', async () => {
  @Module({})
  class Other {}
  const { ask } = await startHttp(inMemoryQueue(), { module: Other });
  expect(await ask('GET', '')).toMatchObject({ status: 404 });
});

describe('the application does not start', () => {
  const start = 'The option "guards" of DeadLettersHttpModule';
  // As a program without types gives them.
  const wrong = (value: unknown) => value as CanActivate[];

  it.each<[string, DynamicModule, string]>([
    ['without a guard', DeadLettersHttpModule.forRoot({ guards: [] }), `${start} is an empty list: whoever reaches`],
    ['without guards', DeadLettersHttpModule.forRoot({ guards: wrong(undefined) }), `${start} is undefined:`],
    [
      'with what is no guard',
      DeadLettersHttpModule.forRoot({ guards: wrong([Keys]) }),
      `${start} has the class Keys at 0`,
    ],
    ['without options', { module: DeadLettersHttpModule }, 'DeadLettersHttpModule is imported without forRoot()'],
    [
      'with a factory that makes no guard',
      DeadLettersHttpModule.forRootAsync({ useFactory: () => guards() }),
      `${start} is an empty list`,
    ],
    [
      'with a factory that makes nothing',
      DeadLettersHttpModule.forRootAsync({ useFactory: () => wrong(undefined) as never }),
      `${start} is undefined`,
    ],
  ])('%s', async (_how, http, text) => {
    const error = await rejectionOf(startHttp(inMemoryQueue(), http));
    expect(isDispatchError(error, 'DISPATCH_WIRING')).toBe(true);
    expect((error as WiringError).mistakes).toEqual([{ rule: 'missing-guard', text: expect.stringContaining(text) }]);
  });

  it.each<[string, DynamicModule]>([
    ['forRoot()', DeadLettersHttpModule.forRoot({ guards: [everybody], pathh: 'admin' } as never)],
    [
      'forRootAsync()',
      DeadLettersHttpModule.forRootAsync({ useFactory: () => guards(everybody), pathh: 'x' } as never),
    ],
  ])('with an option of %s that is unknown', async (_how, http) => {
    const error = await rejectionOf(startHttp(inMemoryQueue(), http));
    const text = 'DeadLettersHttpModule has the option "pathh", which is unknown: the options are';
    expect((error as WiringError).mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
  });

  it.each(['', '/', 7])('with the path %j', async (path) => {
    const http = DeadLettersHttpModule.forRoot({ guards: [everybody], path: path as string });
    const error = await rejectionOf(startHttp(inMemoryQueue(), http));
    expect((error as WiringError).mistakes).toEqual([
      {
        rule: 'invalid-options',
        text: `The option "path" of DeadLettersHttpModule is ${JSON.stringify(path)}, not a path.`,
      },
    ]);
  });
});
