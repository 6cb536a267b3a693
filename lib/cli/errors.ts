import { DispatchError } from '../common/dispatch-error.js';

/** The command line cannot be understood. Nothing was started. The process ends with 2. */
export class CommandUsageError extends DispatchError {
  readonly code = 'DISPATCH_COMMAND_USAGE';

  constructor(
    readonly problems: readonly string[],
    /** What to type to read how it is meant. */
    readonly help: string,
  ) {
    super([...problems, `Read how it is meant with: ${help}`].join('\n'));
  }
}

/** The application that a command is about cannot be loaded, or is none that the command can work on. */
export class ApplicationNotLoadedError extends DispatchError {
  readonly code = 'DISPATCH_APPLICATION_NOT_LOADED';
}
/** The part of this package that knows the tables cannot be loaded. */
export class MigrationsUnavailableError extends DispatchError {
  override readonly code = 'DISPATCH_MIGRATIONS_UNAVAILABLE';

  constructor(options?: ErrorOptions) {
    super('nestjs-dispatch/postgres cannot be loaded: install its peer, npm install pg.', options);
  }
}
