/**
 * Owns: what state is called that several operators keep, or whose name says that it expires (expiring-operator.ts).
 *
 * SQSN1 What an operator keeps as objects and what takes its place in column tables have one name, so that neither begins empty beside the other's state when a changed type takes the other
 *     way: it is refused by its type.
 */

/** Of GROUP BY. */
export const GROUPS = "groups";
/** Of windows with one end for all keys. */
export const SLICES = "slices";
/** Of windows by session. */
export const SESSIONS = "sessions";
/** Of OVER. */
export const PARTITIONS = "partitions";
/** Of Top-N. */
export const RANKED_ROWS = "rows";
/** Of each key its last, or first, row: of deduplication, and of upserts that become changes. */
export const ROW_OF_KEY = "row";
/** Of joins. */
export const LEFT_ROWS = "left";
export const RIGHT_ROWS = "right";
