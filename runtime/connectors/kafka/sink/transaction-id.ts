/**
 * Owns: transactional ids: `<prefix>-<subtask>-<slot>` (EO-5).
 *
 * KTI1 An id says which subtask it belonged to, so after a change of the parallelism each is settled by exactly one.
 */

export type TransactionIdParts = { readonly prefix: string; readonly subtask: number; readonly slot: number };

export function transactionId({ prefix, subtask, slot }: TransactionIdParts): string {
  return `${prefix}-${subtask}-${slot}`;
}

/** null: it is none of these. */
export function parseTransactionId(id: string): TransactionIdParts | null {
  const match = /^(.+)-(\d{1,6})-(\d{1,6})$/.exec(id);
  return match === null ? null : { prefix: match[1] as string, subtask: Number(match[2]), slot: Number(match[3]) };
}
