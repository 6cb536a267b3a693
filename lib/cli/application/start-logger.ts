import { ConsoleLogger } from '@nestjs/common';

/** Who logs the error that ends a start, of which whoever starts the application is told as well. */
const START_ERRORS = 'ExceptionHandler';

/** Logs what concerns the person at the command line: warnings and errors, or with `isVerbose` everything. */
export class StartLogger extends ConsoleLogger {
  constructor(isVerbose: boolean) {
    super(isVerbose ? {} : { logLevels: ['warn', 'error', 'fatal'] });
  }

  override error(message: unknown, ...parts: unknown[]): void {
    if (parts.at(-1) !== START_ERRORS) super.error(message, ...parts);
  }
}
