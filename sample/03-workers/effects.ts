import { appendFileSync, readFileSync } from 'node:fs';

import { Inject, Injectable } from '@nestjs/common';

import { SETTINGS, type Settings } from './settings.js';

/** Something that a handler did to the world. */
export interface Effect {
  readonly what: 'placed' | 'reserved' | 'confirmed';
  readonly customer: string;
  /** Which order of this customer, from 1. */
  readonly number: number;
}

/** The same, with the process that did it. */
export interface NotedEffect extends Effect {
  readonly worker: string;
}

/**
 * Stands for the database of a real application: one file that every process appends to, in which effects stand in the
 * order they took place, and which keeps what a process has written even if that is killed in the same moment.
 */
@Injectable()
export class Effects {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  note(effect: Effect): void {
    const { effectsFile, name: worker } = this.settings;
    const noted: NotedEffect = { ...effect, worker };
    appendFileSync(effectsFile, `${JSON.stringify(noted)}\n`);
  }
}

/** Everything the workers did. */
export function readEffects(file: string): NotedEffect[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  // Nobody but `note` writes to this file.
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as NotedEffect);
}
