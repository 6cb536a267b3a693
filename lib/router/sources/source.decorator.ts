import 'reflect-metadata';

import { DefinedSource, type MessageSource, type SourceEntry, type SourceOptions } from './source.js';

const SOURCE = Symbol.for('nestjs-dispatch/source');

/**
 * Makes a provider class a source of foreign messages.
 *
 * @example
 * ```ts
 * @Source({ name: 'github', match: and(hasFields('repository', 'sender'), header('x-github-event')) })
 * class GithubSource implements MessageSource {
 *   readonly verify = hmacSignature({ header: 'x-hub-signature-256', prefix: 'sha256=', secret: 'from your settings' });
 *
 *   parse(view: View, meta: TransportMeta): RoutedMessage {
 *     return { key: `github/${String(meta.headers?.['x-github-event'])}`, payload: view.value };
 *   }
 * }
 * ```
 */
export function Source(options: SourceOptions) {
  return (target: abstract new (...args: never[]) => MessageSource): void => {
    // Without types there may be none; the class is a source all the same, and what it lacks is told at bootstrap.
    Reflect.defineMetadata(SOURCE, (options as SourceOptions | undefined) ?? {}, target);
  };
}

/** What `@Source` says of this very class; undefined for a class without it, also if its base has one. */
export function sourceOptionsOf(target: object): SourceOptions | undefined {
  return Reflect.getOwnMetadata(SOURCE, target) as SourceOptions | undefined;
}

/**
 * The source a provider is: an instance of a class with `@Source`, what `defineSource` made, or what stands in for such
 * a class; undefined for others.
 * @param type the class it is provided as, where a test may have put another object in its place
 */
export function sourceEntryOf(provided: unknown, type?: object): SourceEntry | undefined {
  if (typeof provided !== 'object' || provided === null) return undefined;
  if (provided instanceof DefinedSource) return provided;
  const made = typeof provided.constructor === 'function' ? sourceOptionsOf(provided.constructor) : undefined;
  const options = made ?? (type === undefined ? undefined : sourceOptionsOf(type));
  // Whether it has its methods is checked, and reported with all other problems, when it is registered.
  return options === undefined ? undefined : { options, source: provided as MessageSource };
}
