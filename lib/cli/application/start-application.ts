import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { errorText, isDispatchError } from '../../common/dispatch-error.js';
import { WiringError } from '../../handlers/errors.js';
import { Queues } from '../../run-modes/queue/queues.js';
import { ApplicationNotLoadedError } from '../errors.js';
import { loadRootModule, type RootModuleChoice } from './root-module.js';
import { StartLogger } from './start-logger.js';

/** Which application is started, and what is heard of it. */
export interface StartOptions extends RootModuleChoice {
  readonly isVerbose: boolean;
}

/**
 * Starts the application of a root module without HTTP, in the role `send`: whatever its options say, it works on no queue.
 * For that the environment variable `DISPATCH_ROLE`, which comes before the option `role`, is set for the rest of this
 * process, before the file is loaded. Nor does it relay what is in the outbox (`DISPATCH_RELAY`). The application's own lifecycle
 * hooks run.
 *
 * @throws DISPATCH_APPLICATION_NOT_LOADED, and whatever ends the start, such as DISPATCH_QUEUE_UNAVAILABLE
 */
export async function startApplication({ isVerbose, ...choice }: StartOptions): Promise<INestApplicationContext> {
  process.env['DISPATCH_ROLE'] = 'send';
  process.env['DISPATCH_RELAY'] = 'off';
  const root = await loadRootModule(choice);
  const logger = new StartLogger(isVerbose);
  const app = await NestFactory.createApplicationContext(root, { logger, abortOnError: false }).catch(explained);
  const problem = missingPart(app);
  if (problem === undefined) return app;
  await app.close();
  throw new ApplicationNotLoadedError(problem);
}

/** What no other process can see is no use to this one, which the mistake of the role says in words for those who set it. */
function explained(error: unknown): never {
  const mistakes = isDispatchError(error, 'DISPATCH_WIRING') ? (error as WiringError).mistakes : [];
  const others = mistakes.filter(({ rule }) => rule !== 'unshared-queue');
  if (others.length === mistakes.length) throw error;
  const also = others.length === 0 ? '' : `\nBeside that: ${errorText(new WiringError(others))}`;
  throw new ApplicationNotLoadedError(
    'The queue of the application keeps its messages in the process that made them; the command line can see none. ' +
      `Use a backend that processes share, such as bullmq(), or inject DeadLetters and Queues in the application.${also}`,
    { cause: error },
  );
}

/** The application may have none of this package's module, or one of another installed copy, whose classes are others. */
function missingPart(app: INestApplicationContext): string | undefined {
  try {
    app.get(Queues, { strict: false });
    return undefined;
  } catch {
    return (
      'The application does not import DispatchModule.forRoot() of this copy of nestjs-dispatch. Where it does import it, ' +
      'there are two installed copies: run the one that is in the node_modules of the application.'
    );
  }
}
