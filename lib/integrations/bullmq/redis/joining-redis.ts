import type { Redis } from 'ioredis';

/** How much is written in one piece, in bytes: as much as the server reads at once, so that it works on one while the next is made. */
const PIECE_BYTES = 16_384;

/**
 * A class of connections that send the commands of one turn of the event loop in larger pieces. A write for each command
 * costs this process as much as making it, and the server a read.
 *
 * @param Base the class of ioredis, which is loaded only where it is used
 */
export function joiningRedis(Base: typeof Redis): typeof Redis {
  return class JoiningRedis extends Base {
    private isJoining = false;

    override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
      this.join();
      return super.sendCommand(...given);
    }

    private join(): void {
      // There is none before the connection is made.
      const stream = this.stream as typeof this.stream | undefined;
      if (stream === undefined) return;
      if (this.isJoining) {
        if (stream.writableLength < PIECE_BYTES) return;
        stream.uncork();
        stream.cork();
        return;
      }
      this.isJoining = true;
      stream.cork();
      process.nextTick(() => {
        this.isJoining = false;
        stream.uncork();
      });
    }
  };
}
