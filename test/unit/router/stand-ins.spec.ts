import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { defineSource, Dispatcher, DispatchModule, hasFields, Source, type MessageSource } from 'nestjs-dispatch';

@Source({ name: 'hub', match: hasFields('id') })
class HubSource implements MessageSource {
  parse(): never {
    throw new Error('the stand-in was to be asked');
  }
}

class MockSource implements MessageSource {
  parse() {
    return { key: 'mocked', payload: {} };
  }
}

describe('what stands in for a class with @Source in a test', () => {
  it.each<[string, MessageSource | object]>([
    ['a plain object', { parse: () => ({ key: 'mocked', payload: {} }) }],
    ['an instance of another class', new MockSource()],
    ['what defineSource makes', defineSource({ name: 'other', match: hasFields('id'), parse: new MockSource().parse })],
  ])('is a source where it is %s', async (_title, standIn) => {
    const module = await Test.createTestingModule({ imports: [DispatchModule.forRoot()], providers: [HubSource] })
      .overrideProvider(HubSource)
      .useValue(standIn)
      .compile();
    await module.init();
    const dispatcher = module.get(Dispatcher);
    dispatcher.on('mocked', () => 'done');
    expect((await dispatcher.process('{"id":1}')).result).toBe('done');
    await module.close();
  });
});
