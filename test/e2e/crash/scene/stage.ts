import { afterAll, afterEach, beforeAll } from '@jest/globals';

import { Programs } from '../../../processes/programs.js';
import { ownStore, sharedStore, type StoreKind } from '../../../processes/stores.js';
import type { RunningServer } from '../../../services/server-process.js';
import { Scene, type SceneOptions } from './scene.js';

type Options = Omit<SceneOptions, 'store' | 'programs'>;

/** Opens scenes for the tests of a file, one at a time, and clears them away after each. */
export class Stage {
  private programs: Programs | undefined;
  private scene: Scene | undefined;
  private server: RunningServer | undefined;

  private constructor() {
    beforeAll(async () => {
      this.programs = await Programs.compile(import.meta.dirname);
    });
    afterEach(() => this.clear());
    afterAll(() => this.programs?.remove());
  }

  /** To be called at the top of a spec. */
  static build(): Stage {
    return new Stage();
  }

  /** A scene on the server that all specs share. */
  open(kind: StoreKind, options: Options): Promise<Scene> {
    return this.play({ ...options, store: sharedStore(kind) });
  }

  /** A scene on a server of its own, which may be killed. */
  async openWithServer(kind: StoreKind, options: Options): Promise<{ scene: Scene; server: RunningServer }> {
    const { server, store } = await ownStore(kind);
    this.server = server;
    return { server, scene: await this.play({ ...options, store }) };
  }

  private async play(options: Omit<SceneOptions, 'programs'>): Promise<Scene> {
    if (this.programs === undefined) throw new Error('The programs are compiled before the first test.');
    this.scene = await Scene.open({ ...options, programs: this.programs });
    return this.scene;
  }

  private async clear(): Promise<void> {
    const { scene, server } = this;
    this.scene = undefined;
    this.server = undefined;
    await scene?.close();
    await server?.stop();
  }
}
