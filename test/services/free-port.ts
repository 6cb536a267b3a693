import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing connections: a client that tries to
 * reach a server while that server restarts could otherwise be given the server's own port and connect to itself.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS = 50;

/** A port of 127.0.0.1 on which nobody listens at this moment. @throws Error when 50 ports were all taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`Found no free port in ${ATTEMPTS} attempts from ${FIRST_PORT} on.`);
}

/** Has a server listen on any port of 127.0.0.1; resolves with the port. */
export async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
