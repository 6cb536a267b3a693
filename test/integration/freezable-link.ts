import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can stop carrying anything without breaking. */
export class FreezableLink {
  readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isFrozen = false;

  constructor(port: number) {
    this.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => (this.sockets.delete(socket), near.destroy(), far.destroy()));
        if (this.isFrozen) socket.pause();
      }
      near.on('data', (data) => far.write(data));
      far.on('data', (data) => near.write(data));
      if (this.isFrozen) this.freeze();
    });
  }

  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
