export { clsTransactions, type ClsTransactionHost, type ClsTransactionsOptions } from './cls-transactions.js';
export {
  drizzleQueries,
  knexQueries,
  kyselyQueries,
  prismaQueries,
  typeOrmQueries,
  type ClsQueries,
  type ClsRows,
  type DrizzleSql,
  type DrizzleTransaction,
  type KnexTransaction,
  type KyselyTransaction,
  type PrismaTransaction,
  type TypeOrmTransaction,
} from './cls-queries.js';
