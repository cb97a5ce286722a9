/**
 * Owns: whether the states an operator declares now can be read from what it wrote before (SP-12).
 * Not here: reading them (runtime/state), which decides by the types themselves when an operator is restored; here it is told
 * beforehand, from what is known without running it. Called by the JobManager's preflight.
 *
 * CM1 As runtime/state does it (evolution.ts EV1, EV2), at any depth: a removed field is dropped; an added one is null or missing,
 *     so it must be nullable or optional; a type may become nullable, a field optional; a literal may get more values.
 * CM2 Nothing else changes in place: not a kind (so also not how an operator list is shared out), a type, or a key. A refusal names uid,
 *     state, and both types.
 * CM3 A state that only one side has is no conflict: it starts empty, or is dropped.
 */
import { type DeclaredType, type ParsedType, parseDeclaredType } from "./type-text.ts";

/** The form of a checkpoint's StateDeclaration; `type` is `describeType` of the value's type. */
export type DeclaredState = { readonly name: string; readonly kind: string; readonly type: string };

export type Compatibility = { readonly kind: "fits" } | { readonly kind: "refused"; readonly reason: string };

const FITS: Compatibility = { kind: "fits" };
/** The kinds of operator lists: of the same name space, and told apart by how a restore shares out their items. */
const OPERATOR_LISTS: readonly string[] = ["operator-list", "union-list", "broadcast-list"];

/** Compares what the operator with this uid declared in the checkpoint (`before`) with what it declares now. */
export function compareDeclarations(
  uid: string,
  before: readonly DeclaredState[],
  now: readonly DeclaredState[],
): Compatibility {
  const byId = new Map(now.map((state) => [declaredStateId(state), state]));
  for (const old of before) {
    const current = byId.get(declaredStateId(old));
    const problem = current === undefined ? undefined : stateProblem(old, current);
    if (problem === undefined) continue;
    return { kind: "refused", reason: `operator with uid "${uid}", state "${old.name}": ${problem}` };
  }
  return FITS;
}

/** What a state is known by inside its operator: keyed states, operator states and timer services have names of their own. */
export function declaredStateId(state: DeclaredState): string {
  const space = OPERATOR_LISTS.includes(state.kind) ? "operator" : state.kind === "timers" ? "timers" : "keyed";
  return `${space}:${state.name}`;
}

function stateProblem(old: DeclaredState, current: DeclaredState): string | undefined {
  if (old.kind !== current.kind) {
    return `it was a state of kind ${old.kind} and is now one of kind ${current.kind}; keep the kind, or give the new state another name`;
  }
  if (old.type === current.type) return undefined;
  const from = parseDeclaredType(old.type, old.kind);
  const to = parseDeclaredType(current.type, current.kind);
  const detail = from === undefined || to === undefined ? "the types differ" : declaredProblem(from, to);
  if (detail === undefined) return undefined;
  return `its type was ${old.type} and is now ${current.type}: ${detail}`;
}

function declaredProblem(from: DeclaredType, to: DeclaredType): string | undefined {
  if (from.key !== to.key) return "the type of its keys changed; keep it, or give the new state another name";
  return typeProblem(from.value, to.value, "the value");
}

/** Why values of `from` cannot be used as `to`; undefined when they can (CM1). `what`: whose values, in words. */
function typeProblem(from: ParsedType, to: ParsedType, what: string): string | undefined {
  if (from.kind !== to.kind) {
    return `${what} changed from ${from.kind} to ${to.kind}; keep the type, or give the new state another name`;
  }
  if (from.nullable && !to.nullable) return `${what} may be null in the stored state; keep it nullable`;
  if (from.kind === "record") return recordProblem(from, to);
  const detail = detailProblem(from, to, what);
  if (detail !== undefined || from.item === null || to.item === null) return detail;
  return typeProblem(from.item, to.item, from.kind === "list" ? `an item of ${what}` : `a value of ${what}`);
}

function recordProblem(from: ParsedType, to: ParsedType): string | undefined {
  for (const field of to.fields) {
    const old = from.fields.find((candidate) => candidate.name === field.name);
    const name = `field "${field.name}"`;
    if (old === undefined && !field.type.nullable && !field.optional) {
      return `${name} is new and old values have none; declare it with t.nullable(…) or t.optional(…)`;
    }
    if (old?.optional === true && !field.optional)
      return `${name} may be missing in the stored state; keep it optional`;
    const problem = old === undefined ? undefined : typeProblem(old.type, field.type, name);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function detailProblem(from: ParsedType, to: ParsedType, what: string): string | undefined {
  if (from.kind === "literal") {
    const gone = from.details.find((value) => !to.details.includes(value));
    return gone === undefined ? undefined : `${what} may be ${gone} in the stored state; keep it in t.literal(…)`;
  }
  if (from.details.join() === to.details.join()) return undefined;
  return from.kind === "decimal"
    ? `${what} had ${from.details[0]} digits after the point and has ${to.details[0]} now; keep them, or give the new state another name`
    : `the type of the keys of ${what} changed; keep it, or give the new state another name`;
}
