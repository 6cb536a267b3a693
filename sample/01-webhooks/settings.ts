/** What GitHub and we share; a real application reads it from its environment. */
export const WEBHOOK_SECRET = 'it is no secret in a sample';

/** The largest webhook we look at. */
export const MAX_WEBHOOK_BYTES = 1024 * 1024;

/** The largest body the HTTP server reads at all; above the limit of the dispatcher, so that its error is answered. */
export const MAX_BODY_BYTES = 4 * MAX_WEBHOOK_BYTES;

/** The one path that takes webhooks. */
export const WEBHOOKS_PATH = '/webhooks';
