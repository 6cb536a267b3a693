import { describe, expect, it } from '@jest/globals';

import { hasFields } from '../../../../lib/router/sources/discriminators.js';
import { Source, sourceEntryOf, sourceOptionsOf } from '../../../../lib/router/sources/source.decorator.js';
import { defineSource, type MessageSource, type RoutedMessage } from '../../../../lib/router/sources/source.js';

const options = { name: 'hub', match: hasFields('key') };

@Source(options)
class HubSource implements MessageSource {
  parse(): RoutedMessage {
    return { key: 'push', payload: {} };
  }
}

class Derived extends HubSource {}

describe('@Source', () => {
  it('is read from the class it stands on, not from classes that extend it', () => {
    expect(sourceOptionsOf(HubSource)).toBe(options);
    expect(sourceOptionsOf(Derived)).toBeUndefined();
  });

  it('makes a class a source whose options were forgotten, so that this can be told', () => {
    const forgetful = Source as unknown as () => (target: typeof Derived) => void;
    class Bare extends HubSource {}
    forgetful()(Bare);
    expect(sourceEntryOf(new Bare())?.options).toEqual({});
  });

  it('writes metadata under one well-known symbol and nothing else', () => {
    const keys = Reflect.getOwnMetadataKeys(HubSource).filter((key) => !String(key).startsWith('design:'));
    expect(keys).toEqual([Symbol.for('nestjs-dispatch/source')]);
  });
});

describe('sourceEntryOf', () => {
  it('knows what stands in for a decorated class by the class it is provided as', () => {
    class Mock {}
    for (const standIn of [{ parse: () => undefined }, new Mock(), new Derived()]) {
      expect(sourceEntryOf(standIn, HubSource)).toEqual({ options, source: standIn });
      expect(sourceEntryOf(standIn, Mock)).toBeUndefined();
    }
  });

  it('knows instances of decorated classes and defined sources, and nothing else', () => {
    const source = new HubSource();
    const defined = defineSource({ ...options, parse: () => ({ key: 'push', payload: {} }) });
    expect(sourceEntryOf(source)).toEqual({ options, source });
    expect(sourceEntryOf(defined)?.options.name).toBe('hub');
    expect(sourceEntryOf(defined, HubSource)?.source).toBe(defined.source);
    for (const other of [new Derived(), {}, Object.create(null), null, undefined, 'hub', HubSource]) {
      expect(sourceEntryOf(other)).toBeUndefined();
    }
  });
});
