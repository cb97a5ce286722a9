/**
 * Owns: the names of state in durable storage: what a task sends the coordinator and a manifest lists.
 *
 * HAN1 Every file is named with its length and sha256, and both are verified before a byte of it is used.
 * HAN2 Paths are keys of one ObjectStore: the job's checkpoint root, or the savepoint's own folder (relative, relocatable).
 * HAN3 A handle says which back end wrote it, and lists its files: one that writes several, or shares them between checkpoints, adds a
 *     kind. A reader refuses a kind that it does not know.
 */
import type { OperatorId } from "../../base/index.ts";
import type { KeyGroupRange } from "../record/index.ts";

export type FileRef = {
  /** Key in the store: `data/<epoch>-<checkpointId>/<sha256>` in a job's root, `data/<sha256>` in a savepoint (layout.ts). */
  readonly key: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly length: number;
};

/** Bytes kept in the manifest itself (small), or in a file. */
export type StateBlob =
  | { readonly kind: "inline"; readonly base64: string }
  | { readonly kind: "file"; readonly file: FileRef };

/** One file of a keyed handle. `keyGroups`: those that it holds; absent: all of the handle's. */
export type KeyedStateFile = { readonly file: FileRef; readonly keyGroups?: KeyGroupRange };

/**
 * The keyed states and timers of one subtask of one operator, by the back end that wrote them (HAN3).
 * `heap`: one file with everything; the index of key groups is inside the file.
 * `tables`: beside such a file, or none, one of column tables (SJTABLE), whose keys are in no order of key groups.
 */
export type KeyedStateHandle =
  | { readonly kind: "heap"; readonly keyGroups: KeyGroupRange; readonly files: readonly KeyedStateFile[] }
  | {
      readonly kind: "tables";
      readonly keyGroups: KeyGroupRange;
      readonly files: readonly KeyedStateFile[];
      readonly tables: readonly KeyedStateFile[];
    };

/** The files of a keyed handle, with what each holds; none for null. */
export function keyedParts(handle: KeyedStateHandle | null): readonly KeyedStateFile[] {
  if (handle === null) return [];
  return handle.kind === "tables" ? [...handle.files, ...handle.tables] : handle.files;
}

/** The same, without that. */
export function keyedFiles(handle: KeyedStateHandle | null): readonly FileRef[] {
  return keyedParts(handle).map(({ file }) => file);
}

/** How a list of operator state is shared out on restore (SP-9). */
export type Redistribution = "split" | "union" | "broadcast";

/** One named list of operator state of one subtask; the blob holds `count` encoded items. */
export type OperatorStateHandle = {
  readonly name: string;
  readonly redistribution: Redistribution;
  readonly count: number;
  readonly blob: StateBlob;
};

/** All the state of one subtask of one operator. */
export type SubtaskState = {
  readonly keyed: KeyedStateHandle | null;
  readonly operator: readonly OperatorStateHandle[];
  /** The subtask had seen the end of its data and finished it: on restore `endInput` is not called again (CK-13). */
  readonly finished: boolean;
};

export const EMPTY_SUBTASK_STATE: SubtaskState = { keyed: null, operator: [], finished: false };

/** What an operator declared: compared on restore, so that a change that does not fit is refused by name. */
export type StateDeclaration = {
  readonly name: string;
  /** `value`, `list`, `map`, `reducing`, `aggregating`, `timers`, or that of an operator list (`operatorListKinds`). */
  readonly kind: string;
  /** describeType of the value's type. */
  readonly type: string;
};

/** What a source's enumerator gave, in the JobManager, when the checkpoint's barriers were sent: plain JSON. */
export type EnumeratorState = { readonly state: unknown };

/** The state of all subtasks of one operator, as a manifest holds it. */
export type OperatorState = {
  readonly operatorId: OperatorId;
  readonly uid: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly declarations: readonly StateDeclaration[];
  /** Index = subtask. */
  readonly subtasks: readonly SubtaskState[];
  /** Of a source with an enumerator. */
  readonly enumerator?: EnumeratorState;
};

/** The kind under which an operator list is declared, by how it is shared out. */
export const operatorListKinds = {
  split: "operator-list",
  union: "union-list",
  broadcast: "broadcast-list",
} as const satisfies Readonly<Record<Redistribution, string>>;

/**
 * What a restore of this state compares with what the job declares now. Operator lists without items are left out, since nothing is
 * restored of them. The handles say how a list is shared out: manifests declared all three kinds as `operator-list` once.
 */
export function storedDeclarations(state: OperatorState): readonly StateDeclaration[] {
  const lists = new Map(state.subtasks.flatMap(({ operator }) => operator.map((handle) => [handle.name, handle])));
  const kinds: readonly string[] = Object.values(operatorListKinds);
  return state.declarations.flatMap((declaration) => {
    if (!kinds.includes(declaration.kind)) return [declaration];
    const handle = lists.get(declaration.name);
    return handle === undefined ? [] : [{ ...declaration, kind: operatorListKinds[handle.redistribution] }];
  });
}

/** What one subtask gets to restore one operator from: the handles of all old subtasks that it may need. */
export type OperatorRestore = {
  readonly operatorId: OperatorId;
  /** Store URI that the handles' keys belong to. */
  readonly storeUri: string;
  /** Old subtasks' keyed handles whose ranges overlap the new subtask's. */
  readonly keyed: readonly KeyedStateHandle[];
  /** Operator state of every old subtask, index = old subtask. */
  readonly operator: readonly (readonly OperatorStateHandle[])[];
  readonly finished: boolean;
};
