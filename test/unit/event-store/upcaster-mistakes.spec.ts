import { describe, expect, it } from '@jest/globals';
import { Injectable, Scope } from '@nestjs/common';
import { Event, inMemoryEventStore, Message, upcaster, Upcaster, type UpcasterEntry } from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';

@Message('orders.placed', { version: 3 })
class Placed extends Event {}

@Message('orders.accepted')
class Accepted extends Event {}

const up = (payload: object): object => payload;

async function textsOf(upcasters: readonly UpcasterEntry[], providers: (new () => object)[] = []): Promise<string[]> {
  const options = { messages: [Placed, Accepted], eventStore: { store: inMemoryEventStore(), upcasters } };
  return (await mistakesOf({ providers, options })).map(({ text }) => text);
}

function placed(from: number, to: number): UpcasterEntry {
  return upcaster('orders.placed', { from, to, up });
}

describe('upcasters that are put together wrongly', () => {
  it('keep the application from starting where two take the same version on', async () => {
    expect(await textsOf([placed(1, 2), placed(2, 3), placed(1, 3)])).toEqual([
      expect.stringContaining('both upcast "orders.placed" v1'),
    ]);
  });

  it('keep it from starting where there is a gap on the way to the newest class', async () => {
    expect(await textsOf([placed(1, 2)])).toEqual([
      expect.stringContaining('no upcaster leads from there to version 3'),
      expect.stringContaining('no upcaster leads from "orders.placed" v2 on'),
    ]);
    expect(await textsOf([placed(1, 3)])).toEqual([expect.stringContaining('"orders.placed" v2 on')]);
  });

  it('keep it from starting where they lead beyond the newest class, or to no class', async () => {
    expect(await textsOf([placed(1, 2), placed(2, 3), placed(3, 4)])).toEqual([
      expect.stringContaining('the newest class that is known is version 3'),
    ]);
    expect(await textsOf([upcaster('a', { from: 1, to: 2, as: 'b', up })])).toEqual([
      expect.stringContaining('no class of that name is known'),
    ]);
  });

  it('keep it from starting where they lead round in a circle', async () => {
    const there = upcaster('a', { from: 1, to: 1, as: 'b', up });
    const back = upcaster('b', { from: 1, to: 1, as: 'a', up });
    expect(await textsOf([there, back])).toEqual([expect.stringContaining('"a" v1 -> "b" v1 -> "a" v1')]);
  });

  it('are told all at once, with those of other kinds', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @Upcaster('orders.placed', { from: 1, to: 2 })
    class Scoped {
      up = up;
    }
    @Upcaster('orders.placed', { from: 2, to: 3 })
    class Twofold {
      up = up;
    }
    const wrong = [
      upcaster('', { from: 1.5, to: 2, up }),
      upcaster('orders.placed', { from: 2, to: 2, up: 'no function' as never }),
      upcaster('orders.accepted', { from: 1, into: 'nothing' as never, up: () => [] }),
      upcaster('orders.noted', { from: 1, to: 2, as: 'orders.accepted', up, down: up }),
      upcaster('orders.noted', { from: 1, into: [{ name: 'orders.accepted', version: 0 }], up: () => [] }),
      placed(2, 3),
    ];
    const texts = await textsOf(wrong, [Scoped, Twofold]);
    for (const part of [
      'Scoped (AppModule) is request-scoped',
      'both upcast "orders.placed" v2',
      'has "" as the name',
      'has 1.5 as its "from"',
      'leads from version 2 back to 2',
      'has no method up()',
      'has "nothing" as its "into"',
      'has a method down()',
      'no version that is a whole number from 1',
    ]) {
      expect(texts).toContainEqual(expect.stringContaining(part));
    }
  });

  it('may be left out where nobody has stored the version they would be for', async () => {
    const options = { messages: [Placed], eventStore: { store: inMemoryEventStore(), upcasters: [placed(2, 3)] } };
    await expect(start({ options })).resolves.toBeDefined();
  });
});
