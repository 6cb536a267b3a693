import { createHash } from 'node:crypto';

import { Logger } from '@nestjs/common';

import { describeValue } from '../../common/describe-value.js';
import { errorText } from '../../common/dispatch-error.js';
import { checkOptions } from '../../handlers/checked-options.js';
import type { WiringMistake } from '../../handlers/errors.js';
import { handlerDeclarationsOf } from '../../handlers/handler.decorators.js';
import type { RegisteredHandler } from '../../handlers/handler-registry.js';
import type { InvokeInstance } from '../../handlers/invocation.js';
import { encodeJson } from '../../message/codec/json-codec.js';
import type { HandlerContext, MessageContext } from '../../message/message-context.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import { shippedStep, type PlacedStep } from '../behavior-registry.js';
import { CACHED_QUERY_CHECKS, cachedQueryOptionsOf, type CachedQueryOptions } from './cached-query.decorator.js';
import { CachedResults } from './cached-results.js';
import { InvalidQueryCacheKeyError } from './errors.js';
import { invalidationProblem, invalidationRulesOf } from './invalidates-queries.decorator.js';
import { QueryInvalidationBehavior } from './query-invalidation.behavior.js';
import { QueryCache } from './query-cache.js';

/** The longest key that is kept as it is; of a longer one its digest is. */
const MAX_KEY_LENGTH = 200;

/** The functions of the options. */
interface Readers {
  readonly key: ((query: object, context: HandlerContext) => unknown) | undefined;
  readonly tags: ((query: object, result: unknown) => readonly string[]) | undefined;
}

/** Puts the cache between query handlers and what stands around them, and drops results after commands and events. */
export class QueryCaching {
  private readonly all: CachedResults[] = [];
  readonly cache = new QueryCache(this.all);
  private readonly logger = new Logger('Dispatch');
  /** Classes whose rules were looked at: one mistake is told once. */
  private readonly checked = new Set<object>();

  /** Whether the results of a handler are kept. */
  concerns({ provider }: RegisteredHandler): boolean {
    return cachedQueryOptionsOf(provider.type) !== undefined;
  }

  /** The call of a handler, made only where there is no result. */
  around(handler: RegisteredHandler, definition: MessageDefinition, call: InvokeInstance): InvokeInstance {
    const options = cachedQueryOptionsOf(handler.provider.type);
    if (options === undefined) return call;
    // Their types say that they take the queries of the handler and what it returns.
    const readers = { key: options.key as Readers['key'], tags: options.tags as Readers['tags'] };
    const results = new CachedResults(options.ttlMs, options.maxEntries ?? 1000);
    this.all.push(results);
    return (instance, query, context) => {
      const run = (): unknown => call(instance, query, context);
      return this.cached(results, { options: readers, definition, query, context, run });
    };
  }

  /** What drops results once a handler has succeeded; nothing where nothing is said. */
  stepsFor({ provider, kind }: RegisteredHandler, { target }: MessageDefinition): PlacedStep[] {
    const rules = [...invalidationRulesOf(provider.type), ...invalidationRulesOf(target)];
    if (kind === 'query' || rules.length === 0) return [];
    const behavior = new QueryInvalidationBehavior(this.cache, rules, this.logger);
    return [shippedStep(QueryInvalidationBehavior, behavior, -260)];
  }

  mistakesOf({ provider, kind }: RegisteredHandler): WiringMistake[] {
    const messages = handlerDeclarationsOf(provider.type).flatMap((declaration) => declaration.messages);
    const ofMessages = messages.flatMap((message) =>
      typeof message === 'function' ? this.wrongRules(`The message ${message.name}`, message) : [],
    );
    const texts = [...this.wrongRules(provider.label, provider.type), ...ofMessages];
    if (kind === 'query' && invalidationRulesOf(provider.type).length > 0) {
      texts.push(`${provider.label} handles a query and has @InvalidatesQueries, which is for commands and events.`);
    }
    const found = texts.map((text): WiringMistake => ({ rule: 'invalid-options', text }));
    const given = cachedQueryOptionsOf(provider.type);
    if (given === undefined) return found;
    const owner = { label: provider.label, decorator: '@CachedQuery' };
    const { options, mistakes } = checkOptions<CachedQueryOptions>(owner, given, CACHED_QUERY_CHECKS);
    const problem = kind === 'query' ? 'has @CachedQuery without "ttlMs"' : 'has @CachedQuery, which is for queries';
    const isWrong = kind !== 'query' || (options.ttlMs === undefined && mistakes.length === 0);
    const text = `${provider.label} ${problem}.`;
    return [...found, ...mistakes, ...(isWrong ? [{ rule: 'invalid-options' as const, text }] : [])];
  }

  private wrongRules(label: string, target: object): string[] {
    if (this.checked.has(target)) return [];
    this.checked.add(target);
    return invalidationRulesOf(target)
      .filter((rule) => typeof rule !== 'function' && invalidationProblem(rule) !== undefined)
      .map((rule) => `${label} has ${invalidationProblem(rule)} in @InvalidatesQueries.`);
  }

  /** @throws DISPATCH_INVALID_QUERY_CACHE_KEY, and whatever the handler throws */
  private async cached(results: CachedResults, given: CachedCall): Promise<unknown> {
    const { definition, context, query, options, run } = given;
    const ownKey = options.key === undefined ? defaultKey(given) : options.key(query, context);
    if (ownKey === undefined) return run();
    if (typeof ownKey !== 'string' || ownKey === '') {
      const what = `The key of the cached query "${definition.name}"`;
      throw new InvalidQueryCacheKeyError(what, `${describeValue(ownKey)}, not a text of at least 1 character`);
    }
    return results.get({
      message: definition.target,
      ownKey: options.key === undefined ? undefined : ownKey,
      key: ownKey.length > MAX_KEY_LENGTH ? createHash('sha256').update(ownKey).digest('base64') : ownKey,
      run,
      tagsOf: (result) => this.tagsOf(given, result),
      isOwnFailure: () => isOwn(context),
      isGivenUp: () => context.abortReason !== undefined,
    });
  }

  private tagsOf({ options, definition, query }: CachedCall, result: unknown): readonly string[] | undefined {
    try {
      return options.tags === undefined ? [] : [...options.tags(query, result)];
    } catch (error) {
      this.logger.warn(`The result of "${definition.name}" is not kept, its tags have failed: ${errorText(error)}`);
      return undefined;
    }
  }
}

interface CachedCall {
  readonly options: Readers;
  readonly definition: MessageDefinition;
  readonly query: object;
  readonly context: MessageContext;
  readonly run: () => unknown;
}

/** What one tenant or one user sees another must not see by accident, so they are in it unless somebody says otherwise. */
function defaultKey({ definition: { name, version }, query, context: { headers } }: CachedCall): string {
  return encodeJson([name, version, headers.tenant ?? null, headers.user ?? null, query]);
}

/** Whether the one who ran was told to stop, which others were not. */
function isOwn(context: MessageContext): boolean {
  if (context.abortReason !== undefined || context.envelope.callerSignal?.aborted === true) return true;
  return context.hasSignal && context.signal.aborted;
}
