export { claimCheckStoreContract } from './claim-check-store.contract.js';
export type { ClaimCheckContractCase, ClaimCheckContractSetup } from './claim-check-store.contract.js';
export { idempotencyStoreContract } from './idempotency-store.contract.js';
export type { IdempotencyContractCase, IdempotencyContractSetup } from './idempotency-store.contract.js';
export { rateLimitStoreContract } from './rate-limit-store.contract.js';
export type { RateLimitContractCase, RateLimitContractSetup } from './rate-limit-store.contract.js';
export { queueBackendContract } from './queue-backend.contract.js';
export type { QueueContractCase, QueueContractSetup } from './queue-backend.contract.js';
