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

  it('writes metadata under one well-known symbol and nothing else', () => {
    const keys = Reflect.getOwnMetadataKeys(HubSource).filter((key) => !String(key).startsWith('design:'));
    expect(keys).toEqual([Symbol.for('nestjs-dispatch/source')]);
  });
});

describe('sourceEntryOf', () => {
  it('knows instances of decorated classes and defined sources, and nothing else', () => {
    const source = new HubSource();
    const defined = defineSource({ ...options, parse: () => ({ key: 'push', payload: {} }) });
    expect(sourceEntryOf(source)).toEqual({ options, source });
    expect(sourceEntryOf(defined)?.options.name).toBe('hub');
    for (const other of [new Derived(), {}, Object.create(null), null, undefined, 'hub', HubSource]) {
      expect(sourceEntryOf(other)).toBeUndefined();
    }
  });
});
