import { Controller, Module, Post, Req, type INestApplication, type RawBodyRequest } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Command,
  CommandHandler,
  DispatchExceptionFilter,
  Dispatcher,
  DispatchModule,
  Event,
  EventsHandler,
  hasFields,
  Source,
  type MessageSource,
  type RoutedMessage,
  type View,
} from 'nestjs-dispatch';

class Push extends Command {}
class Pushed extends Event {}

@CommandHandler(Push)
class PushHandler {
  execute(): Promise<void> {
    return Promise.reject(new Error('disk full'));
  }
}

@EventsHandler(Pushed)
class PushedHandler {
  handle(): Promise<void> {
    return Promise.reject(new Error('mail down'));
  }
}

@Source({ name: 'hub', match: hasFields('key') })
class HubSource implements MessageSource {
  parse(view: View): RoutedMessage {
    return { key: String(view.getString('key')), payload: { secret: 'of ours' } };
  }

  verify(raw: unknown): void {
    if (String(raw).includes('unverifiable')) throw new Error('vault down');
  }

  onDispatch({ headers }: { headers: Record<string, string> }): void {
    headers['seen'] = 'yes';
  }
}

@Controller()
class Hooks {
  constructor(private readonly dispatcher: Dispatcher) {}

  @Post()
  hook(@Req() request: RawBodyRequest<Request>) {
    return this.dispatcher.process(request.rawBody);
  }

  @Post('direct')
  direct() {
    return this.dispatcher.execute(new Push());
  }
}

@Module({
  imports: [DispatchModule.forRoot()],
  controllers: [Hooks],
  providers: [HubSource, PushHandler, PushedHandler, { provide: APP_FILTER, useClass: DispatchExceptionFilter }],
})
class AppModule {}

/** `<level> <context> <text>`, and whether a stack came with it. */
type Entry = readonly [line: string, hasStack: boolean];

class AllLines {
  readonly entries: Entry[] = [];
  readonly error = (...all: unknown[]): void => this.keep('error', all);
  readonly warn = (...all: unknown[]): void => this.keep('warn', all);
  readonly log = (): void => undefined;

  private keep(level: string, [text, ...rest]: unknown[]): void {
    const stack = text instanceof Error ? text.stack : rest.slice(0, -1).find((each) => typeof each === 'string');
    this.entries.push([`${level} ${String(rest.at(-1))} ${String(text)}`, stack !== undefined]);
  }
}

let app: INestApplication;
let log: AllLines;

async function startWith(rawBody: boolean): Promise<void> {
  log = new AllLines();
  app = await NestFactory.create(AppModule, { rawBody, logger: log });
  await app.listen(0, '127.0.0.1');
}

async function post(body: string, path = '/'): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${await app.getUrl()}${path}`, { method: 'POST', body, headers });
  return { status: answer.status, text: await answer.text() };
}

afterEach(() => app.close());

describe('the log of an HTTP application with the DispatchExceptionFilter', () => {
  beforeEach(() => startWith(true));

  it('tells of a failed handler once, with its stack', async () => {
    const { status, text } = await post('{"key":"Push"}');
    expect({ status, body: JSON.parse(text) }).toEqual({
      status: 500,
      body: { statusCode: 500, message: 'Internal server error' },
    });
    expect(log.entries).toEqual([[expect.stringMatching(/^error MessageRouter Failed .*disk full$/), true]]);
  });

  it('tells of a verify that failed once, with its stack', async () => {
    expect((await post('{"key":"unverifiable"}')).status).toBe(500);
    expect(log.entries).toEqual([[expect.stringMatching(/^error MessageRouter Failed message \(unverifiable/), true]]);
  });

  it('has one stack of a failed event handler, and names source and key once', async () => {
    expect((await post('{"key":"Pushed"}')).status).toBe(500);
    expect(log.entries).toEqual([
      [expect.stringMatching(/^error Dispatch PushedHandler failed at the event "Pushed".*mail down$/), true],
      [
        expect.stringMatching(/^warn MessageRouter Refused message \(handlerFailed, source "hub", key "Pushed"\)/),
        false,
      ],
    ]);
  });

  it('tells of a refused message once, and never its payload', async () => {
    expect((await post('{"key":"unheard of"}')).status).toBe(404);
    expect(log.entries).toEqual([[expect.stringMatching(/^warn MessageRouter Refused message \(noHandler/), false]]);
    expect(JSON.stringify(log.entries)).not.toContain('of ours');
  });

  it('tells of what fails without the router as Nest does', async () => {
    expect((await post('{}', '/direct')).status).toBe(500);
    expect(log.entries).toEqual([[expect.stringMatching(/^error ExceptionsHandler Error: disk full/), true]]);
  });
});

describe('the log of an HTTP application without rawBody', () => {
  it('says which option is missing, and the client is told that its message cannot be read', async () => {
    await startWith(false);
    const { status, text } = await post('{"key":"Push"}');
    expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
      status: 400,
      code: 'DISPATCH_UNREADABLE_MESSAGE',
    });
    expect(log.entries).toEqual([[expect.stringMatching(/^warn .*is undefined, .*\{ rawBody: true \}/), false]]);
    expect(text).not.toContain('rawBody');
  });
});
