export { queueBackendContract } from './queue-backend.contract.js';
export type { QueueContractCase, QueueContractSetup } from './queue-backend.contract.js';
