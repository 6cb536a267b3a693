import type { IsolationLevel } from '../../index.js';

/** The rows of a statement. */
export interface ClsRows {
  readonly rows: readonly unknown[];
}

/** How a database library runs the statements of stores on Postgres in a transaction of its own. */
export interface ClsQueries<Tx> {
  /** Runs a statement with `$1`, `$2` and so on in it, in the transaction. */
  query(tx: Tx, text: string, values: readonly unknown[]): Promise<ClsRows>;
  /** What the adapter of the library takes for an isolation. */
  optionsOf(isolation: IsolationLevel): object;
}

/** A transaction of Knex, as far as it is used. */
export interface KnexTransaction {
  raw(text: string, bindings: readonly unknown[]): PromiseLike<unknown>;
}

/**
 * For Knex with `pg`, whose `raw()` takes question marks.
 *
 * @see https://knexjs.org/guide/raw.html
 */
export const knexQueries: ClsQueries<KnexTransaction> = {
  async query(tx, text, values) {
    const bindings: unknown[] = [];
    // One that is in the text already is an operator.
    const questions = text.replaceAll('?', String.raw`\?`).replaceAll(/\$(\d+)/g, (_found, number: string) => {
      bindings.push(values[Number(number) - 1] ?? null);
      return '?';
    });
    return rowsOf(await tx.raw(questions, bindings));
  },
  optionsOf: (isolationLevel) => ({ isolationLevel }),
};

/** A transaction of Prisma, as far as it is used. */
export interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>;
}

const PRISMA_LEVELS: Readonly<Record<IsolationLevel, string>> = {
  'read committed': 'ReadCommitted',
  'repeatable read': 'RepeatableRead',
  serializable: 'Serializable',
};

/**
 * For Prisma on Postgres.
 *
 * @see https://www.prisma.io/docs/orm/prisma-client/using-raw-sql/raw-queries
 */
export const prismaQueries: ClsQueries<PrismaTransaction> = {
  query: async (tx, text, values) => rowsOf(await tx.$queryRawUnsafe(text, ...values)),
  optionsOf: (isolation) => ({ isolationLevel: PRISMA_LEVELS[isolation] }),
};

/** An entity manager of TypeORM in a transaction, as far as it is used. */
export interface TypeOrmTransaction {
  readonly queryRunner?:
    | { query(text: string, values: unknown[], isStructured: true): Promise<{ readonly records?: unknown[] }> }
    | undefined;
}

/**
 * For TypeORM on Postgres. The result is asked for as a structure: as a list it has another form for `UPDATE` and `DELETE`.
 *
 * @see https://github.com/typeorm/typeorm/blob/master/src/driver/postgres/PostgresQueryRunner.ts
 */
export const typeOrmQueries: ClsQueries<TypeOrmTransaction> = {
  async query({ queryRunner }, text, values) {
    if (queryRunner === undefined)
      throw new TypeError('The entity manager has no query runner: it is in no transaction.');
    return { rows: (await queryRunner.query(text, [...values], true)).records ?? [] };
  },
  optionsOf: (isolation) => ({ isolationLevel: isolation.toUpperCase() }),
};

/** A transaction of Kysely, as far as it is used. */
export interface KyselyTransaction<Compiled> {
  executeQuery(query: Compiled): Promise<ClsRows>;
}

/**
 * For Kysely on Postgres: `kyselyQueries(CompiledQuery)`.
 *
 * @see https://kysely-org.github.io/kysely-apidoc/classes/Transaction.html
 */
export function kyselyQueries<Compiled>(compiled: {
  raw(text: string, values: unknown[]): Compiled;
}): ClsQueries<KyselyTransaction<Compiled>> {
  return {
    query: (tx, text, values) => tx.executeQuery(compiled.raw(text, [...values])),
    optionsOf: (isolationLevel) => ({ isolationLevel }),
  };
}

/** A transaction of Drizzle, as far as it is used. */
export interface DrizzleTransaction<Sql> {
  execute(query: Sql): PromiseLike<unknown>;
}

/** The `sql` of Drizzle, as far as it is used. */
export interface DrizzleSql<Sql> {
  raw(text: string): Sql;
  param(value: unknown): unknown;
  join(chunks: never[]): Sql;
}

/**
 * For Drizzle on Postgres: `drizzleQueries(sql)`.
 *
 * @see https://orm.drizzle.team/docs/sql
 */
export function drizzleQueries<Sql>(sql: DrizzleSql<Sql>): ClsQueries<DrizzleTransaction<Sql>> {
  return {
    async query(tx, text, values) {
      // Every second part is the number of a parameter.
      const chunks = text
        .split(/\$(\d+)/)
        .map((part, index) => (index % 2 === 0 ? sql.raw(part) : sql.param(values[Number(part) - 1] ?? null)));
      // What `raw` and `param` make is what `join` takes; its type has a name of Drizzle's own.
      return rowsOf(await tx.execute(sql.join(chunks as never[])));
    },
    optionsOf: (isolationLevel) => ({ isolationLevel }),
  };
}

/** Some libraries give the rows, others something that has them. */
function rowsOf(result: unknown): ClsRows {
  if (Array.isArray(result)) return { rows: result };
  const rows: unknown = Object(result).rows;
  return { rows: Array.isArray(rows) ? rows : [] };
}
