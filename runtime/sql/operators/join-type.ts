/**
 * Owns: what the types of joins differ in.
 */
import type { JoinType } from "../plan/plan-tree.ts";

const KEEPS: Readonly<Record<JoinType, readonly [boolean, boolean]>> = {
  INNER: [false, false],
  LEFT: [true, false],
  RIGHT: [false, true],
  FULL: [true, true],
  SEMI: [false, false],
  ANTI: [true, false],
};

/** Whether rows of the left, and of the right, are emitted when they have no match. */
export const keepsUnmatched = (join: JoinType): readonly [boolean, boolean] => KEEPS[join];

/** Its rows are those of the left side alone. */
export const isHalfJoin = (join: JoinType): boolean => join === "SEMI" || join === "ANTI";
