import type { GivenFlags } from './flags.js';

/** Adds a problem for each operand beyond those that a command takes. */
export function extraOperands(operands: readonly string[], taken: number, flags: GivenFlags): void {
  for (const operand of operands.slice(taken)) flags.problem(`${JSON.stringify(operand)} is one word too many.`);
}

/** The one operand of a command; empty, with a problem added, where it is missing. */
export function oneOperand(name: string, operands: readonly string[], flags: GivenFlags): string {
  extraOperands(operands, 1, flags);
  const [operand = ''] = operands;
  if (operand === '') flags.problem(`The ${name} is missing.`);
  return operand;
}
