import { setTimeout } from 'node:timers/promises';

import type { QueueCounts } from 'nestjs-dispatch';

const CUSTOMERS = ['ada', 'bob', 'cem', 'dov', 'eva', 'fay', 'gus', 'hal', 'ida', 'jan', 'kim', 'lea'];
const ORDERS_EACH = 20;
/** Every so many-th order of a customer waits for its result; the others are placed for later. */
const WAIT_EVERY = 3;
const POLL_MS = 50;

/** What the customers know at the end. */
export interface Placed {
  readonly customers: readonly string[];
  readonly ordersEach: number;
  /** Receipts of those who did not wait. */
  readonly receipts: readonly string[];
  /** Answers to those who waited: the orders, as the handler named them. */
  readonly answers: readonly string[];
}

/** Places every order by HTTP: each customer one after the other, all customers at once. */
export async function placeOrders(url: string): Promise<Placed> {
  const receipts: string[] = [];
  const answers: string[] = [];
  const visit = async (customer: string): Promise<void> => {
    for (let number = 1; number <= ORDERS_EACH; number += 1) {
      const body = { customer, number };
      if (number % WAIT_EVERY === 0) answers.push((await post<{ order: string }>(`${url}/orders`, body)).order);
      else receipts.push((await post<{ receipt: string }>(`${url}/orders/later`, body)).receipt);
    }
  };
  await Promise.all(CUSTOMERS.map(visit));
  return { customers: CUSTOMERS, ordersEach: ORDERS_EACH, receipts, answers };
}

/** Waits until nothing is left in any queue. @returns how many messages are parked; undefined where time ran out */
export async function drained(url: string, timeoutMs: number): Promise<number | undefined> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const queues = Object.values(await get<Record<string, QueueCounts>>(`${url}/queues`));
    const open = sum(queues.map(({ waiting, delayed, active }) => waiting + delayed + active));
    if (open === 0) return sum(queues.flatMap(({ parked }) => Object.values(parked)));
    await setTimeout(POLL_MS);
  }
  return undefined;
}

/** How many receipts say that their order was handled. */
export async function countCompleted(url: string, receipts: readonly string[]): Promise<number> {
  const states = await Promise.all(
    receipts.map((id) => get<{ status: string }>(`${url}/orders/receipts/${encodeURIComponent(id)}`)),
  );
  return states.filter(({ status }) => status === 'completed').length;
}

function post<T>(url: string, body: object): Promise<T> {
  return request<T>(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function get<T>(url: string): Promise<T> {
  return request<T>(url, {});
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
