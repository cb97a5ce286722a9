/**
 * Owns: the types that follow from the table: of a value, of what code writes, of what a configuration holds. Handwritten types are
 * compared with them, so that the compiler reports a setting that is in one and not in the other.
 */
import type { Duration } from "../base/index.ts";
import type { Setting, SettingGroup } from "./setting.ts";

/** What a configuration holds of a setting. */
export type ValueOf<S extends Setting> = PlainValueOf<S> | (S["default"] extends null ? null : never);

type PlainValueOf<S extends Setting> = S extends { readonly kind: "duration" | "whole" | "decimal" }
  ? number
  : S extends { readonly kind: "flag" }
    ? boolean
    : S extends { readonly kind: "choice"; readonly choices: infer C }
      ? keyof C
      : string;

/** What code writes for a setting. */
type WrittenOf<S extends Setting> = S extends { readonly kind: "duration" }
  ? Duration | (S extends { readonly orNull: true } ? null : never)
  : S extends { readonly kind: "whole"; readonly endless: infer Word }
    ? number | Word
    : PlainValueOf<S>;

type IsInCode<E> = E extends { readonly notInCode: string }
  ? false
  : E extends { readonly option: string }
    ? true
    : true extends { [K in keyof E]: IsInCode<E[K]> }[keyof E]
      ? true
      : false;

/** The settings of a group as code writes them: those that code has. */
export type CodeOf<G> = {
  readonly [K in keyof G as IsInCode<G[K]> extends true ? K : never]?: G[K] extends Setting
    ? WrittenOf<G[K]>
    : CodeOf<G[K]>;
};

/** All settings of a group and of the groups in it. */
type LeavesOf<G> = { [K in keyof G]: G[K] extends Setting ? G[K] : LeavesOf<G[K]> }[keyof G];

/** What a configuration holds of a group, by the settings' fields. */
export type FieldsOf<G extends SettingGroup> = {
  readonly [S in LeavesOf<G> as S extends Setting ? Exclude<S["field"], ""> : never]: S extends Setting
    ? ValueOf<S>
    : never;
};

/** True if the two types are the same one. */
export type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
