import { Command, Event, Message, type ClaimCheckOptions, type DispatchOptions } from 'nestjs-dispatch';

import { commandHandler, eventHandler, type Handle } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued, type QueuedApplication } from '../queued-application.js';
import { PlayedStore } from './played-store.js';

/** A message of any size. */
@Message('files.import')
export class ImportFile extends Command<number> {
  constructor(readonly content: string) {
    super();
  }
}

@Message('files.imported')
export class FileImported extends Event {
  constructor(readonly content: string) {
    super();
  }
}

/** More than the threshold of {@link startImporting}, and less. */
export const LARGE = 'Größe 🦊'.repeat(100);
export const SMALL = 'small';

/** Options of the module, on top of those of the stores. */
export type ImportingOptions = Omit<DispatchOptions, 'claimCheck'> & {
  readonly claimCheck?: Partial<ClaimCheckOptions>;
};

/** An application on a store of queues and a store of payloads that the test plays. */
export interface Importing extends QueuedApplication {
  readonly backend: FakeBackend;
  readonly store: PlayedStore;
}

export async function startImporting(
  handle: Handle<ImportFile> = ({ content }) => content.length,
  { claimCheck, ...options }: ImportingOptions = {},
): Promise<Importing> {
  const [backend, store] = [new FakeBackend(), new PlayedStore()];
  const application = await startQueued({
    options: { queue: backend.factory, claimCheck: { store, thresholdBytes: 500, ...claimCheck }, ...options },
    providers: [
      commandHandler(ImportFile, handle),
      eventHandler(FileImported, () => undefined, { name: 'Mailer' }),
      eventHandler(FileImported, () => undefined, { name: 'Ledger' }),
    ],
  });
  return { ...application, backend, store };
}
