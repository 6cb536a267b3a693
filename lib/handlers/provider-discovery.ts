import { Injectable } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

import { DiscoveredProvider } from './discovered-provider.js';
import type { WiringMistake } from './errors.js';

/** Takes newly found providers, keeps those that concern it, and returns what is wrong with them. */
export type ProviderListener = (providers: readonly DiscoveredProvider[]) => readonly WiringMistake[];

/**
 * Finds the providers and controllers of every module, each once however often its module is imported, and those of
 * modules loaded later.
 */
@Injectable()
export class ProviderDiscovery {
  private readonly seen = new WeakSet<InstanceWrapper>();
  private readonly listeners: ProviderListener[] = [];
  private scannedModules = 0;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
  ) {}

  /** Whether modules have been added since the last complete scan; cheap enough to ask for every message. */
  get isStale(): boolean {
    return this.modules.size !== this.scannedModules;
  }

  /** Adds a listener for what later scans find. Listeners are called in the order they were added. */
  onFound(listener: ProviderListener): void {
    this.listeners.push(listener);
  }

  /**
   * Hands the providers that no earlier scan found to the listeners.
   *
   * @returns all mistakes the listeners see; undefined where there was nothing new
   */
  scan(): readonly WiringMistake[] | undefined {
    const found = this.find();
    return found.length === 0 ? undefined : this.listeners.flatMap((listener) => listener(found));
  }

  /** Providers still being made, in a module that is being loaded, are left for the next call. */
  private find(): readonly DiscoveredProvider[] {
    const moduleCount = this.modules.size;
    const found: DiscoveredProvider[] = [];
    let isComplete = true;
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      if (this.seen.has(wrapper)) continue;
      if (!DiscoveredProvider.isReady(wrapper)) {
        isComplete = false;
        continue;
      }
      this.seen.add(wrapper);
      const provider = DiscoveredProvider.of(wrapper);
      if (provider !== undefined) found.push(provider);
    }
    if (isComplete) this.scannedModules = moduleCount;
    return found;
  }
}
