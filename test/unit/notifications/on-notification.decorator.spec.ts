import { describe, expect, it } from '@jest/globals';

import { NotificationChannel } from '../../../lib/notifications/notification-channel.js';
import {
  notificationObserversOf,
  OnNotification,
  registerObserver,
} from '../../../lib/notifications/on-notification.decorator.js';
import { Fact, OtherFact, SpecialFact } from './facts.js';
import { RecordingLog } from './recording-log.js';

class Audit {
  readonly seen: unknown[] = [];

  @OnNotification(Fact)
  @OnNotification(OtherFact)
  async onEither(fact: Fact | OtherFact): Promise<void> {
    this.seen.push(fact.constructor.name);
  }

  @OnNotification(SpecialFact)
  onSpecial(fact: SpecialFact): string {
    this.seen.push(fact.number);
    return 'ignored';
  }
}

class StrictAudit extends Audit {
  override onSpecial(fact: SpecialFact): string {
    this.seen.push(`strictly ${fact.number}`);
    return 'ignored';
  }

  @OnNotification(OtherFact)
  onOther(): void {
    this.seen.push('other');
  }
}

class Plain {}

function makeChannel() {
  const log = new RecordingLog();
  return { log, channel: new NotificationChannel({ attemptCount: 1 }, log) };
}

describe('registerObserver', () => {
  it('refuses a class with observer methods that has no one instance', () => {
    const { channel } = makeChannel();
    expect(() => registerObserver(channel, { target: Audit, instance: undefined })).toThrow(
      expect.objectContaining({ code: 'DISPATCH_OBSERVER_SCOPE', message: expect.stringContaining('Audit') }),
    );
    expect(channel.active).toBe(false);
  });

  it('lets a class without observer methods pass, whatever its scope', () => {
    const { channel } = makeChannel();
    registerObserver(channel, { target: Plain, instance: undefined })();
    expect(channel.active).toBe(false);
  });

  it('calls the methods on the instance and takes them off again', async () => {
    const { channel } = makeChannel();
    const audit = new Audit();
    const remove = registerObserver(channel, { target: Audit, instance: audit });
    channel.publish(new OtherFact());
    await channel.flush(1000);
    channel.publish(new SpecialFact(5));
    await channel.flush(1000);
    expect(audit.seen).toEqual(['OtherFact', 'SpecialFact', 5]);
    remove();
    expect(channel.active).toBe(false);
  });

  it('keeps two instances of one class apart', async () => {
    const { channel } = makeChannel();
    const [first, second] = [new Audit(), new Audit()];
    const removeFirst = registerObserver(channel, { target: Audit, instance: first });
    registerObserver(channel, { target: Audit, instance: second });
    removeFirst();
    channel.publish(new OtherFact());
    await channel.flush(1000);
    expect([first.seen, second.seen]).toEqual([[], ['OtherFact']]);
  });

  it('calls the overriding method of a subclass', async () => {
    const { channel } = makeChannel();
    const audit = new StrictAudit();
    registerObserver(channel, { target: StrictAudit, instance: audit });
    channel.publish(new SpecialFact(5));
    await channel.flush(1000);
    expect(audit.seen).toEqual(['SpecialFact', 'strictly 5']);
  });

  it('names class and method when the method fails', async () => {
    const { channel, log } = makeChannel();
    const instance = Object.assign(new Audit(), { seen: Object.freeze([]) });
    registerObserver(channel, { target: Audit, instance });
    channel.publish(new OtherFact());
    await channel.flush(1000);
    expect(log.errors).toEqual([expect.stringContaining('Audit#onEither failed for OtherFact')]);
  });
});

describe('notificationObserversOf', () => {
  it('gives each method with all its classes', () => {
    expect(notificationObserversOf(Audit)).toEqual([
      { method: 'onEither', types: [Fact, OtherFact] },
      { method: 'onSpecial', types: [SpecialFact] },
    ]);
  });

  it('adds the methods of a subclass to those of its base and leaves the base alone', () => {
    expect(notificationObserversOf(StrictAudit).map(({ method }) => method)).toEqual([
      'onEither',
      'onSpecial',
      'onOther',
    ]);
    expect(notificationObserversOf(Audit)).toHaveLength(2);
  });

  it('gives none for a class without the decorator', () => {
    expect(notificationObserversOf(Plain)).toEqual([]);
  });
});
