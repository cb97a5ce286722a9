/**
 * Owns: branded ids, so that a job id is never passed for an operator id.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** 32 lower-case hexadecimal digits; one per submitted job. */
export type JobId = Branded<"JobId">;
/** 32 lower-case hexadecimal digits; murmur3_128 of the uid (SP-6). Names an operator's state across versions. */
export type OperatorId = Branded<"OperatorId">;
/** 32 lower-case hexadecimal digits; one per chain of operators; the OperatorId of its first operator. */
export type VertexId = Branded<"VertexId">;
/** Names one TaskManager process; a restarted one has a new id. */
export type TaskManagerId = Branded<"TaskManagerId">;

const HEX_32 = /^[0-9a-f]{32}$/;

export function isHex32(text: string): boolean {
  return HEX_32.test(text);
}
export const jobId = (text: string): JobId => text as JobId;
export const operatorId = (text: string): OperatorId => text as OperatorId;
export const vertexId = (text: string): VertexId => text as VertexId;
export const taskManagerId = (text: string): TaskManagerId => text as TaskManagerId;
