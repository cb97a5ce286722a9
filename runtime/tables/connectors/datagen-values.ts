/**
 * Owns: the values of the connector datagen: of each row, by its number, for each column.
 *
 * TBCG1 The value of a row and column follows from their numbers, so that a row is the same after a restore. Only times are of the clock, as in Flink: its
 *     "now" is that of the moment at which the row is made.
 */
import type { Clock } from "../../../base/index.ts";
import { type SqlType, typeText } from "../../sql/index.ts";
import type { TableOptions } from "../options/table-options.ts";
import { parseDecimal } from "../values/number-text.ts";
import { MILLISECOND_DIGITS } from "../values/time-text.ts";

export type Generate = (row: number) => unknown;

const TEXT_LENGTH = 100;
const COLLECTION_LENGTH = 3;
/** More than a BIGINT has. */
const WHOLE_DIGITS = 38;
const HEX = "0123456789abcdef";
const MS_PER_DAY = 86_400_000;
const NANOS_PER_MS = 1_000_000n;

/** Where a value is made: its options begin with `name`. */
type Field = { readonly name: string; readonly type: SqlType; readonly options: TableOptions; readonly clock: Clock };

/** Rows that the sequences of the columns have; null: none is one. Errors: TableError. */
export function sequenceRows(names: readonly string[], options: TableOptions): number | null {
  const counts = names
    .filter((name) => options.text(`fields.${name}.kind`) === "sequence")
    .map((name) => {
      const [start, end] = boundsOf(name, options);
      return end - start + 1;
    });
  return counts.length === 0 ? null : Math.min(...counts);
}

function boundsOf(name: string, options: TableOptions): readonly [start: number, end: number] {
  const bounds = (["start", "end"] as const).map((side) => {
    const option = `fields.${name}.${side}`;
    const value = options.number(option);
    if (value === undefined)
      throw options.refuse(
        option,
        `the sequence of the column ${name} needs the option '${option}'`,
        "Give its start and its end, both included.",
      );
    return value;
  });
  const [start = 0, end = 0] = bounds;
  if (end < start)
    throw options.refuse(
      `fields.${name}.end`,
      `the sequence of the column ${name} ends at ${end}, before its start ${start}`,
      "Give an end from its start on.",
    );
  return [start, end];
}

/** Errors: TableError. */
export function columnGenerator(field: Field): Generate {
  const { name, type, options } = field;
  if (options.text(`fields.${name}.kind`) === "sequence") {
    const [start] = boundsOf(name, options);
    const convert = sequenceValue(field);
    return (row) => convert(start + row);
  }
  const seed = hashOf(name);
  const nullRate = Number(options.text(`fields.${name}.null-rate`) ?? 0);
  if (nullRate > 0 && !type.isNullable)
    throw options.refuse(
      `fields.${name}.null-rate`,
      `the column ${name} is NOT NULL, and has a rate of NULLs`,
      "Take one of the two out.",
    );
  const random = randomValue(field, `fields.${name}.`);
  return (row) => {
    const dice = new Dice(seed, row);
    return nullRate > 0 && dice.fraction() < nullRate ? null : random(dice);
  };
}

function sequenceValue({ name, type, options }: Field): (value: number) => unknown {
  switch (type.kind) {
    case "tinyint":
    case "smallint":
    case "int":
    case "float":
    case "double":
      return (value) => value;
    case "bigint":
      return BigInt;
    case "decimal":
      return (value) => BigInt(value) * 10n ** BigInt(type.scale);
    case "char":
    case "varchar":
      return String;
    default:
      throw options.refuse(
        `fields.${name}.kind`,
        `the column ${name} is ${typeText(type)}, which has no sequence`,
        "Leave the option out, for random values; or declare a number or a STRING.",
      );
  }
}

/** A value of a roll of dice. */
type Random = (dice: Dice) => unknown;

function randomValue(field: Field, prefix: string): Random {
  const { type } = field;
  const whole = (bits: number): Random => {
    const limit = 1n << BigInt(bits - 1);
    const [from, to] = bounds(field, prefix, [-limit, limit - 1n]);
    return bits === 64 ? (dice) => dice.between(from, to) : (dice) => Number(dice.between(from, to));
  };
  switch (type.kind) {
    case "boolean":
      return (dice) => dice.word() % 2 === 1;
    case "tinyint":
      return whole(8);
    case "smallint":
      return whole(16);
    case "int":
      return whole(32);
    case "bigint":
      return whole(64);
    case "float":
    case "double": {
      const [from, to] = realBounds(field, prefix);
      return type.kind === "float" ? (dice) => Math.fround(dice.real(from, to)) : (dice) => dice.real(from, to);
    }
    case "decimal": {
      const [from, to] = bounds(field, prefix, [0n, 10n ** BigInt(type.precision) - 1n]);
      return (dice) => dice.between(from, to);
    }
    case "char":
    case "varchar":
      return textOf(field, prefix);
    case "binary":
    case "varbinary": {
      const length = lengthOf(field, prefix, TEXT_LENGTH);
      return (dice) => Uint8Array.from({ length: length(dice) }, () => dice.word() & 0xff);
    }
    case "time":
      return (dice) => dice.word() % MS_PER_DAY;
    case "date": {
      const ms = momentOf(field, prefix);
      return (dice) => new Date(Math.floor(ms(dice) / MS_PER_DAY) * MS_PER_DAY);
    }
    case "timestamp":
    case "timestamp_ltz": {
      const ms = momentOf(field, prefix);
      return type.precision <= MILLISECOND_DIGITS ? ms : (dice) => BigInt(ms(dice)) * NANOS_PER_MS;
    }
    default:
      return nestedValue(field, prefix);
  }
}

/** Both included, in the smallest unit of a DECIMAL. Errors: TableError. */
function bounds(
  { name, type, options }: Field,
  prefix: string,
  widest: readonly [bigint, bigint],
): readonly [bigint, bigint] {
  const [precision, scale] = type.kind === "decimal" ? [type.precision, type.scale] : [WHOLE_DIGITS, 0];
  const [from, to] = (["min", "max"] as const).map((side, at) => {
    const option = `${prefix}${side}`;
    const text = options.text(option);
    if (text === undefined) return widest[at] as bigint;
    const bound = type.kind === "decimal" || /^[+-]?\d+$/.test(text) ? parseDecimal(text, precision, scale) : null;
    if (bound === null || bound < -widest[1] - 1n || bound > widest[1])
      throw options.refuse(
        option,
        `the option '${option}' is '${text}', and the column ${name} is ${typeText(type)}`,
        "Write a number of that type.",
      );
    return bound;
  }) as [bigint, bigint];
  if (from > to) throw emptyRange(name, prefix, options);
  return [from, to];
}

function realBounds({ name, options }: Field, prefix: string): readonly [number, number] {
  const [from, to] = [Number(options.text(`${prefix}min`) ?? 0), Number(options.text(`${prefix}max`) ?? 1)];
  if (from > to) throw emptyRange(name, prefix, options);
  return [from, to];
}

const emptyRange = (name: string, prefix: string, options: TableOptions): Error =>
  options.refuse(
    `${prefix}max`,
    `the greatest value of the column ${name} is below its least one`,
    "Give both a 'min' and a 'max' from it on.",
  );

/** In the past, at most as far as the options say. */
function momentOf({ options, clock }: Field, prefix: string): (dice: Dice) => number {
  const past = options.milliseconds(`${prefix}max-past`) ?? 0;
  return (dice) => clock.nowMs() - Math.floor(dice.fraction() * past);
}

function nestedValue(field: Field, prefix: string): Random {
  const { type, options } = field;
  switch (type.kind) {
    case "array": {
      const element = randomValue({ ...field, type: type.element }, `${prefix}element.`);
      const length = lengthOf(field, prefix, COLLECTION_LENGTH);
      return (dice) => Array.from({ length: length(dice) }, () => element(dice));
    }
    case "map":
    case "multiset": {
      const key = randomValue({ ...field, type: type.kind === "map" ? type.key : type.element }, `${prefix}key.`);
      const count: Random = (dice) => 1 + (dice.word() % 9);
      const value = type.kind === "map" ? randomValue({ ...field, type: type.value }, `${prefix}value.`) : count;
      const length = lengthOf(field, prefix, COLLECTION_LENGTH);
      return (dice) => new Map(Array.from({ length: length(dice) }, () => [key(dice), value(dice)]));
    }
    case "row": {
      const parts = type.fields.map((part) => ({
        name: part.name,
        make: randomValue({ ...field, type: part.type }, `${prefix}${part.name}.`),
      }));
      return (dice) => Object.fromEntries(parts.map(({ name, make }) => [name, make(dice)]));
    }
    default:
      throw options.refuse(
        `fields.${field.name}.kind`,
        `datagen makes no values of ${typeText(type)} for the column ${field.name}`,
        "Compute the column from another one.",
      );
  }
}

/** As Flink: random hexadecimal digits. */
function textOf(field: Field, prefix: string): Random {
  const { type } = field;
  const declared =
    (type.kind === "char" || type.kind === "varchar") && type.length < 2 ** 31 - 1 ? type.length : TEXT_LENGTH;
  const length = lengthOf(field, prefix, declared);
  return (dice) => {
    let text = "";
    for (let left = length(dice); left > 0; left--) text += HEX[dice.word() & 15];
    return text;
  };
}

function lengthOf({ options }: Field, prefix: string, otherwise: number): (dice: Dice) => number {
  const length = options.number(`${prefix}length`) ?? otherwise;
  return options.boolean(`${prefix}var-len`) ? (dice) => 1 + (dice.word() % Math.max(1, length)) : () => length;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Numbers that follow from a seed and a row (TBCG1): splitmix32. */
class Dice {
  #state: number;

  constructor(seed: number, row: number) {
    this.#state = mixed(seed ^ mixed(row >>> 0) ^ mixed(Math.floor(row / 2 ** 32) + 0x9e3779b9));
  }

  /** From 0 to below 2^32. */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mixed(this.#state);
  }

  /** From 0 to below 1. */
  fraction(): number {
    return (this.word() * 2 ** 21 + (this.word() >>> 11)) / 2 ** 53;
  }

  real(from: number, to: number): number {
    return from + this.fraction() * (to - from);
  }

  /** Both included. */
  between(from: bigint, to: bigint): bigint {
    const span = to - from + 1n;
    let wide = 0n;
    for (let bits = 1n; bits < span << 32n; bits <<= 32n) wide = (wide << 32n) | BigInt(this.word());
    return from + (wide % span);
  }
}

function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
