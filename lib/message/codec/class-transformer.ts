import { types } from 'node:util';

import type { MessageClass } from '../message.js';

/** What is used of class-transformer's main entry. */
interface MainModule {
  plainToInstance(target: unknown, plain: object): unknown;
}

/** What is used of its metadata, which the main entry does not export: each map is keyed by class. */
interface StorageModule {
  readonly defaultMetadataStorage: Readonly<Record<(typeof METADATA_MAPS)[number], ReadonlyMap<unknown, unknown>>>;
}

const METADATA_MAPS = ['_typeMetadatas', '_transformMetadatas', '_exposeMetadatas', '_excludeMetadatas'] as const;

/** The optional peer class-transformer, and which classes use it. */
export class ClassTransformer {
  private constructor(
    private readonly main: MainModule,
    private readonly storage: StorageModule['defaultMetadataStorage'] | undefined,
  ) {}

  /** Gives undefined where the package is not installed: then no class can carry its decorators. */
  static async load(
    importPeer: (specifier: string) => Promise<object | undefined>,
  ): Promise<ClassTransformer | undefined> {
    const main = await importPeer('class-transformer');
    if (main === undefined) return undefined;
    const storage = await importPeer('class-transformer/cjs/storage.js');
    // The shapes of version 0.5, the only one allowed by the peer range; its main entry is the CommonJS build too, so
    // both modules share the one storage.
    return new ClassTransformer(main as MainModule, (storage as StorageModule | undefined)?.defaultMetadataStorage);
  }

  /**
   * Whether the class or one of its bases carries a decorator of class-transformer, on itself or on a field. Where its
   * metadata cannot be read every class is taken for one: slower, but no decorator is passed over.
   */
  isUsedBy(target: MessageClass): boolean {
    const { storage } = this;
    if (storage === undefined) return true;
    let one: unknown = target;
    while (typeof one === 'function') {
      const owner = one;
      if (METADATA_MAPS.some((map) => storage[map].has(owner))) return true;
      one = Object.getPrototypeOf(one);
    }
    return false;
  }

  /** Makes an instance, running the constructor without arguments. @throws whatever the class's own code throws. */
  make<M extends object>(target: MessageClass<M>, plain: object): M {
    // `plainToInstance` gives an instance of its first argument for any object that is no array.
    const message = this.main.plainToInstance(target, plain) as M;
    mendCopies(message, plain);
    return message;
  }
}

/**
 * Mends, by name, what class-transformer makes of values the codec had restored: it copies a Uint8Array that is no
 * Buffer as an empty one, a Map with its values lost, and a Set as an array.
 */
function mendCopies(made: object, plain: object): void {
  for (const [key, part] of Object.entries(plain) as [string, unknown][]) {
    if (typeof part !== 'object' || part === null) continue;
    const copy = (made as Record<string, unknown>)[key];
    if (typeof copy !== 'object' || copy === null) continue;
    if (types.isUint8Array(part) || types.isMap(part) || types.isSet(part)) {
      (made as Record<string, unknown>)[key] = mended(copy, part);
    } else mendCopies(copy, part);
  }
}

/** A copy that is not damaged in the way named above is a transformation of the user's, and stays. */
function mended(copy: object, part: Uint8Array | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): object {
  if (types.isUint8Array(part)) return types.isUint8Array(copy) && copy.length === 0 ? part : copy;
  if (types.isMap(part)) {
    return types.isMap(copy) && [...copy.values()].every((value) => value === undefined) ? part : copy;
  }
  return Array.isArray(copy) ? new Set<unknown>(copy) : copy;
}
