import { describe, expect, it } from '@jest/globals';
import { type Type } from '@nestjs/common';
import {
  and,
  defineSource,
  fieldEquals,
  hasFields,
  header,
  not,
  or,
  Source,
  type DispatchOptions,
} from 'nestjs-dispatch';

import { mistakesOf, start } from '../../dispatcher/application.js';

const match = hasFields('id');
const parse = () => ({ key: 'push', payload: {} });

/** Decorators and functions as a program without types calls them. */
const untypedSource = Source as unknown as (options?: unknown) => (target: Type<object>) => void;
const untypedDefine = defineSource as unknown as (definition?: unknown) => object;

async function problemOf(setup: { readonly sources?: readonly unknown[]; readonly provider?: Type<object> }) {
  const options = { sources: setup.sources ?? [] } as DispatchOptions;
  const mistakes = await mistakesOf({ options, providers: setup.provider === undefined ? [] : [setup.provider] });
  expect(mistakes.map(({ rule }) => rule)).toEqual(['invalid-source']);
  return mistakes[0]?.text;
}

function sourceClass(options?: unknown): Type<object> {
  class HubSource {
    parse = parse;
  }
  untypedSource(options)(HubSource);
  return HubSource;
}

describe('a class with @Source', () => {
  it.each<[unknown, string]>([
    [undefined, 'source HubSource has no options: write @Source({ name, match })'],
    ['github', 'source HubSource has no options: write @Source({ name, match })'],
    [{ nam: 'hub', match }, 'source HubSource has no "name"; source HubSource has the unknown option "nam"'],
    [{ name: 7, match }, 'source HubSource has a "name" that is a number, not a string'],
    [{ name: '', match }, 'source HubSource has an empty name'],
    [{ name: 'hub' }, 'source "hub" (HubSource) has no "match": say which messages are its own'],
    [
      { name: 'hub', match: 'id' },
      'source "hub" (HubSource) has a "match" with a string in it: give a function, or what',
    ],
    [{ name: 'hub', match, inspector: {} }, 'source "hub" (HubSource) has an "inspector" without a method "inspect"'],
    [
      { name: 'hub', match, verify: () => true },
      'has the unknown option "verify": the options are name, match, inspector',
    ],
  ])('is a mistake where its options are %j', async (options, text) => {
    expect(await problemOf({ provider: sourceClass(options) })).toContain(text);
  });

  it('is a mistake where it stands in the option "sources"', async () => {
    const HubSource = sourceClass({ name: 'hub', match });
    const advice = 'a class with @Source goes into the providers of a module';
    expect(await problemOf({ sources: [HubSource] })).toContain(`not the class HubSource; ${advice}`);
    expect(await problemOf({ sources: [new HubSource()] })).toContain(`not an instance of HubSource; ${advice}`);
  });
});

describe('a source of the option "sources"', () => {
  it.each<[string, unknown, string]>([
    ['is null', null, '"sources" takes what defineSource() makes, not null'],
    [
      'was not given to defineSource',
      { name: 'hub', match, parse },
      '"sources" takes what defineSource() makes, not an object',
    ],
    ['was defined by nothing', untypedDefine(), 'source made by defineSource has no options: write defineSource({'],
    [
      'has no parse',
      untypedDefine({ name: 'hub', match }),
      'source "hub" (made by defineSource) has no method "parse"',
    ],
    ['has a mistyped verify', untypedDefine({ name: 'hub', match, parse, verfy: parse }), 'the unknown option "verfy"'],
    [
      'has a mistyped hook',
      untypedDefine({ name: 'hub', match, parse, onNoHandlr: parse }),
      'the unknown option "onNoHandlr"',
    ],
    [
      'has a secret for verify',
      untypedDefine({ name: 'hub', match, parse, verify: 'x' }),
      'a "verify" that is a string, not a',
    ],
    [
      'has a hook that is no function',
      untypedDefine({ name: 'hub', match, parse, onParse: 1 }),
      'a hook "onParse" that is a num',
    ],
  ])('is a mistake where it %s', async (_title, source, text) => {
    expect(await problemOf({ sources: [source] })).toContain(text);
  });

  it.each<[string, unknown]>([
    ['undefined', and(match, undefined as never)],
    ['a string', or('id' as never)],
    ['undefined', not(undefined as never)],
    ['an array', hasFields(['a', 'b'] as never)],
    ['undefined', fieldEquals(undefined as never, 1)],
    ['an object', { kind: 'hasField', paths: ['id'] }],
  ])('is a mistake where its match has %s in it', async (found, wrong) => {
    const source = untypedDefine({ name: 'hub', match: wrong, parse });
    expect(await problemOf({ sources: [source] })).toContain(`has a "match" with ${found} in it`);
  });

  it('may be an instance of a class with fields of its own', async () => {
    class Definition {
      readonly name = 'hub';
      readonly match = and(match, or(header('x-hub', /^1$/), not(fieldEquals('a', 1))), () => true);
      readonly secret = 'x';
      parse = parse;
    }
    const { dispatcher } = await start({ options: { sources: [defineSource(new Definition())] } });
    dispatcher.on('push', () => 'done');
    expect((await dispatcher.process('{"id":1}', { headers: { 'x-hub': '1' } })).result).toBe('done');
  });
});
