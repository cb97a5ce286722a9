/** Room `record`: what flows (types, batches, control elements), how it is encoded, and how keys map to key groups. */
export { decodeBatch, decodeValues, encodeBatch, encodeValues } from "./batch-codec.ts";
export { ByteReader, ByteWriter } from "./byte-buffer.ts";
export { ColumnBatch, debugColumns, type Release } from "./columns/column-batch.ts";
export {
  type BigintColumn,
  type Column,
  type Float64Column,
  isNull,
  type TextColumn,
  valueAt,
  valuesAt,
} from "./columns/column.ts";
export { COLUMN_ROWS, ColumnBuilder, type StagedField } from "./columns/column-builder.ts";
export { BatchColumns, type RecordColumns } from "./columns/record-columns.ts";
export { decodeColumns, encodeColumns } from "./columns/column-codec.ts";
export { hashKeyColumns } from "./columns/column-hash.ts";
export { columnsOfRows, refuseChanges, rowsOfColumns } from "./columns/conversion.ts";
export { type AnyStore, storeOf, type TextStore } from "./columns/column-store.ts";
export { sameText, sameValueAt } from "./columns/same-value.ts";
export { gatherScattered } from "./columns/scattered.ts";
export { generate, quoted } from "./generated-code.ts";
export { StagedText } from "./columns/staged-text.ts";
export { readText, TextBytes } from "./columns/text.ts";
export { type ColumnField, type ColumnLayout, hasColumns, layoutOf, TABLE_PAGE_BITS } from "./columns/layout.ts";
export {
  defaultMaxParallelism,
  type Key,
  type KeyGroupRange,
  type KeyIdentity,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  keyIdentity,
  MAX_PARALLELISM_UPPER,
  mix,
  ownKey,
  subtaskOfKeyGroup,
} from "./key.ts";
export { isAdded, rowKinds, rowKindTexts } from "./row-kind.ts";
export { keptValue, plainKey } from "./plain-key.ts";
export { copyOf, freezeValue, thawed } from "./protected-value.ts";
export { type GuardMode, ValueGuard } from "./value-guard.ts";
export { type Misfit, remedyFor } from "./misfit.ts";
export { DateValue } from "./plain-value.ts";
export { findMisfit, primitiveOf } from "./type-check.ts";
export { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type RowBatch } from "./row-batch.ts";
export type {
  Barrier,
  ChannelStatus,
  CheckpointKind,
  ControlElement,
  EndOfData,
  StreamElement,
  Watermark,
} from "./stream-element.ts";
export {
  describeType,
  entryType,
  type Field,
  itemOf,
  keyOf,
  type Literal,
  literalsOf,
  type OptionalField,
  type RecordOf,
  sameType,
  TYPE_KINDS,
  type TypeKind,
  t,
  type ValueOf,
  type ValueType,
} from "./value-type.ts";
