import {
  CircuitBreaker,
  Command,
  CommandHandler,
  type CircuitBreakerOptions,
  type DispatchOptions,
  type MessageClass,
} from 'nestjs-dispatch';

import { start } from '../../dispatcher/application.js';

/** Is invalid below nothing. */
export class Charge extends Command<string> {
  constructor(readonly cents = 1) {
    super();
  }

  validate(): string[] {
    return this.cents < 0 ? ['cents must not be below 0'] : [];
  }
}
/** Another one. */
export class Refund extends Command<string> {}

/** What a dependency fails with. */
export const DOWN = new Error('the bank does not answer');

/** Makes a handler of a command that does what the test says. */
export function handlerOf(command: new () => object, options: CircuitBreakerOptions | undefined) {
  let act: () => unknown = () => 'done';
  @CommandHandler(command as MessageClass)
  class Handler {
    execute(): unknown {
      return act();
    }
  }
  Object.defineProperty(Handler, 'name', { value: `${command.name}Handler` });
  if (options !== undefined) CircuitBreaker(options)(Handler);
  return {
    type: Handler,
    does: (next: () => unknown): void => {
      act = next;
    },
  };
}

/** Fails, each time. */
export function failing(error: Error = DOWN) {
  return (): never => {
    throw error;
  };
}

/** Opens at the first failure, for longer than a test. */
export const SENSITIVE: CircuitBreakerOptions = { consecutiveFailures: 1, openMs: 60_000 };

/** An application with one handler. */
export async function startCharging(
  options: CircuitBreakerOptions | undefined,
  resilience?: DispatchOptions['resilience'],
) {
  const charging = handlerOf(Charge, options);
  const application = await start({ providers: [charging.type], ...(resilience && { options: { resilience } }) });
  return { ...application, does: charging.does };
}
