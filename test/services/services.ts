import { isNativeError } from 'node:util/types';

import { checkPostgres, startPostgres } from './postgres.js';
import { checkRedis, startRedis } from './redis.js';

/** One Redis and one Postgres, for as long as somebody needs them. */
export interface Services {
  readonly redisUrl: string;
  readonly postgresUrl: string;
  /** Ends what was started here; what an environment variable gave is left alone. */
  stop(): Promise<void>;
}

interface Service {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts what `REDIS_URL` and `POSTGRES_URL` do not give, both at once. They are gone when this process is, however it ends.
 *
 * @throws Error with all that is missing; then none is left running.
 */
export async function startServices(environment: NodeJS.ProcessEnv = process.env): Promise<Services> {
  const [redis, postgres] = await Promise.allSettled([
    given('REDIS_URL', environment, checkRedis) ?? startRedis(),
    given('POSTGRES_URL', environment, checkPostgres) ?? startPostgres(),
  ]);
  const running = [redis, postgres].flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (redis.status === 'fulfilled' && postgres.status === 'fulfilled') {
    return { redisUrl: redis.value.url, postgresUrl: postgres.value.url, stop: () => stopAll(running) };
  }
  await stopAll(running);
  const reasons = [redis, postgres].flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const texts = reasons.map((reason) => textOf(reason));
  throw new Error(`The test services are not all there. ${texts.join(' ')}`, { cause: reasons[0] });
}

function given(
  variable: string,
  environment: NodeJS.ProcessEnv,
  check: (url: string) => Promise<void>,
): Promise<Service> | undefined {
  const url = environment[variable];
  if (url === undefined || url === '') return undefined;
  return check(url).then(
    () => ({ url, stop: () => Promise.resolve() }),
    (error: unknown) => {
      // Without the whole address: it may hold a password.
      const where = URL.canParse(url) ? new URL(url).host : 'that is not an address';
      const text = `The server that ${variable} names (${where}) does not answer: ${textOf(error)}.`;
      throw new Error(`${text} Start it, or unset ${variable}.`, { cause: error });
    },
  );
}

/** A refused connection to a name with several addresses has its text in the errors it holds. */
function textOf(error: unknown): string {
  // By shape: in a spec, an error of Node itself is no instance of the spec's own Error.
  if (!isNativeError(error)) return String(error);
  const parts: unknown = 'errors' in error ? error.errors : undefined;
  return Array.isArray(parts) ? parts.map((part) => textOf(part)).join(', ') : error.message;
}

async function stopAll(services: readonly Service[]): Promise<void> {
  await Promise.all(services.map((service) => service.stop()));
}
