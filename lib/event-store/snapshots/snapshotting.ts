import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import { decodeJson, encodeJson } from '../../message/codec/json-codec.js';
import { SnapshotFailedNotification } from '../../notifications/event-store/event-store-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import type { StateModel } from '../aggregates/state-model.js';
import type { SnapshotStore } from './snapshot-store.port.js';

/** The deepest state that is kept. */
const MAX_DEPTH = 1000;

/** A state, and the version of the last event in it. */
export interface VersionedState<S> {
  readonly state: S;
  /** 0 where there was no event. */
  readonly version: number;
}

/** Takes snapshots and uses them. Nothing that fails here fails what it is done for: it is told, and done without. */
export class Snapshotting {
  private readonly logger = new Logger('EventStore');

  constructor(
    private readonly store: SnapshotStore,
    private readonly channel: NotificationChannel,
  ) {}

  /** The state of the newest snapshot; undefined where there is none that can be used. */
  async load<S>(model: StateModel<S>, stream: string, id: string): Promise<VersionedState<S> | undefined> {
    const { snapshots } = model;
    if (snapshots === undefined) return undefined;
    try {
      const found = await this.store.load(stream);
      if (found === undefined) return undefined;
      if (found.schemaVersion !== snapshots.version) {
        const problem = `The snapshot has schema version ${found.schemaVersion}, not ${snapshots.version}.`;
        // One for each stream after every change of the shape: nothing to worry about.
        this.failed(stream, 'load', new RangeError(problem), 'debug');
        return undefined;
      }
      const kept = decodeJson(found.state, { maxBytes: Infinity, maxDepth: MAX_DEPTH });
      return { state: snapshots.restore(id, kept), version: found.version };
    } catch (error) {
      this.failed(stream, 'load', error);
      return undefined;
    }
  }

  /** Forgets a snapshot that does not belong to its stream. */
  async discard(stream: string, version: number): Promise<void> {
    this.failed(stream, 'load', new RangeError(`The snapshot has version ${version}, which its stream has not.`));
    await this.attempt(stream, () => this.store.remove(stream));
  }

  /** Takes a snapshot where the number of events since the version before is due for one. */
  async save<S>(model: StateModel<S>, stream: string, before: number, after: VersionedState<S>): Promise<void> {
    await this.take(model, stream, before, after)?.();
  }

  /** The same in two steps: what is kept is written as it is now, and is saved by what this returns; undefined where none is due. */
  take<S>(
    model: StateModel<S>,
    stream: string,
    before: number,
    after: VersionedState<S>,
  ): (() => Promise<void>) | undefined {
    const { snapshots } = model;
    if (snapshots === undefined) return undefined;
    const { every, version: schemaVersion } = snapshots;
    const { version } = after;
    if (Math.floor(version / every) === Math.floor(before / every)) return undefined;
    try {
      const state = encodeJson(snapshots.take(after.state), MAX_DEPTH);
      return () => this.attempt(stream, () => this.store.save({ stream, version, schemaVersion, state }));
    } catch (error) {
      this.failed(stream, 'save', error);
      return undefined;
    }
  }

  private async attempt(stream: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failed(stream, 'save', error);
    }
  }

  private failed(stream: string, phase: 'load' | 'save', error: unknown, level: 'warn' | 'debug' = 'warn'): void {
    const done = phase === 'load' ? 'used, so every event is read' : 'saved';
    this.logger[level](`The snapshot of "${stream}" was not ${done}: ${errorText(error)}`);
    if (!this.channel.wants(SnapshotFailedNotification)) return;
    this.channel.publish(new SnapshotFailedNotification(stream, phase, error));
  }
}
