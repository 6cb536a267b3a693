import { DispatchError } from '../common/dispatch-error.js';

/** One mistake in the way an application is put together. */
export interface WiringMistake {
  /** Which rule is broken, for programs. */
  readonly rule:
    | 'duplicate-handler'
    | 'duplicate-message-name'
    | 'duplicate-key'
    | 'duplicate-options'
    | 'invalid-message'
    | 'missing-method'
    | 'missing-message'
    | 'wrong-kind'
    | 'missing-queue'
    | 'missing-transactions'
    | 'unknown-behavior'
    | 'unknown-enhancer'
    | 'invalid-saga'
    | 'invalid-source'
    | 'invalid-observer'
    | 'missing-guard'
    | 'unshared-queue'
    | 'invalid-upcaster'
    | 'invalid-aggregate'
    | 'invalid-projection'
    | 'invalid-options';
  /** Names the classes and modules concerned, and says what to change. */
  readonly text: string;
}

/** The application is put together wrongly. Thrown once, at bootstrap, with every mistake there is. */
export class WiringError extends DispatchError {
  readonly code = 'DISPATCH_WIRING';

  constructor(readonly mistakes: readonly WiringMistake[]) {
    const lines = mistakes.map(({ text }, index) => `  ${index + 1}. ${text}`);
    super(`${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'} in the wiring:\n${lines.join('\n')}`);
  }
}

/** Nobody handles a command or query. */
export class HandlerNotFoundError extends DispatchError {
  readonly code = 'DISPATCH_HANDLER_NOT_FOUND';

  constructor(
    readonly messageName: string,
    readonly kind: 'command' | 'query',
    /** What to do, where more is known than that the handler is missing. */
    advice?: string,
  ) {
    const decorator = kind === 'command' ? '@CommandHandler' : '@QueryHandler';
    const missing = `add a class with ${decorator}(${messageName}) to the providers of a module`;
    super(`No handler for the ${kind} "${messageName}": ${advice ?? missing}.`);
  }
}

/** {@link HandlerNotFoundError} of a command, under the name that callers written for `@nestjs/cqrs` catch. */
export class CommandHandlerNotFoundException extends HandlerNotFoundError {
  constructor(messageName: string, advice?: string) {
    super(messageName, 'command', advice);
  }
}

/** {@link HandlerNotFoundError} of a query, under the name that callers written for `@nestjs/cqrs` catch. */
export class QueryHandlerNotFoundException extends HandlerNotFoundError {
  constructor(messageName: string, advice?: string) {
    super(messageName, 'query', advice);
  }
}
