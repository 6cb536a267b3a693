import {
  Command,
  CommandHandler,
  Idempotent,
  type HandlerContext,
  type IdempotencyStore,
  type IdempotentOptions,
} from 'nestjs-dispatch';

import { start, type Application, type Setup } from '../../dispatcher/application.js';
import { deferred, type Deferred } from '../../dispatcher/deferred.js';

/** What is to happen once for each order. */
export class ChargeCard extends Command<unknown> {
  constructor(readonly orderId: string) {
    super();
  }
}

/** One run of the handler, which ends when the test says so. */
export interface Run {
  readonly context: HandlerContext;
  readonly end: Deferred<unknown>;
}

/** An application whose handler of {@link ChargeCard} is idempotent by order. */
export interface Charging extends Application {
  readonly runs: Run[];
  /** The run with this number, from 0, once it has begun. */
  begun(index: number): Promise<Run>;
}

export async function startCharging(
  options: IdempotentOptions<ChargeCard> = {},
  { providers = [], ...setup }: Setup = {},
): Promise<Charging> {
  const runs: Run[] = [];
  const begun: Deferred<Run>[] = Array.from({ length: 5 }, () => deferred<Run>());

  @Idempotent({ key: ({ orderId }: ChargeCard) => orderId, ...options })
  @CommandHandler(ChargeCard)
  class ChargeCardHandler {
    execute(_command: ChargeCard, context: HandlerContext): Promise<unknown> {
      const run = { context, end: deferred<unknown>() };
      begun[runs.length]?.resolve(run);
      runs.push(run);
      return run.end.promise;
    }
  }
  const application = await start({ ...setup, providers: [ChargeCardHandler, ...providers] });
  const missing = (): never => {
    throw new Error('no test looks that far');
  };
  return { ...application, runs, begun: (index) => begun[index]?.promise ?? missing() };
}

/** A store some of whose methods are others. */
export function changedStore(store: IdempotencyStore, changes: Partial<IdempotencyStore>): IdempotencyStore {
  return {
    isShared: store.isShared,
    claim: (claim) => store.claim(claim),
    renew: (...args) => store.renew(...args),
    complete: (...args) => store.complete(...args),
    release: (...args) => store.release(...args),
    ...changes,
  };
}
