/**
 * Owns: operator list state of one subtask, and broadcast state, which is written like a list of its entries: declaration, restore with redistribution, snapshot.
 * Not here: who gets which items (redistribution.ts), whether an evolved type fits (evolution.ts).
 * Called by: the task (restore, snapshot) and operators (declarations).
 *
 * Grammar of a blob: u32 length of the JSON, JSON {version: 1, kind, nullable, fields?} (STM1), padding to 8, block of the items (encodeBatch)
 *
 * OPS1 A list is encoded in `snapshot()`: operator state is small (positions, transactions). An item that cannot be encoded
 *     fails the snapshot's `write`, not the caller of `snapshot()`.
 * OPS2 A restored list that no operator declares is kept and written again (HB1, RD4).
 * OPS3 Empty lists are not written.
 */
import { refuseNewer, StreamError } from "../../base/index.ts";
import type { OperatorStateHandle, Redistribution, StateBlob, StateDeclaration } from "../checkpoint/index.ts";
import { operatorListKinds } from "../checkpoint/subtasks.ts";
import {
  ByteReader,
  ByteWriter,
  decodeBatch,
  describeType,
  encodeBatch,
  entryType,
  type Key,
  sameType,
  type ValueType,
} from "../record/index.ts";
import type {
  OperatorBackendOptions,
  OperatorSnapshot,
  OperatorStateBackend,
  OperatorStateRestore,
  SnapshotFiles,
  StateReader,
} from "./backend.ts";
import { planEvolution, unionType } from "./snapshot/evolution.ts";
import { abortAfter } from "./snapshot/file-abort.ts";
import { type Share, shareOf } from "./snapshot/redistribution.ts";
import type { BroadcastState, MapStateDescriptor, OperatorListState, StateDescriptor } from "../ports/index.ts";
import { HeapBroadcastMap } from "./broadcast-map.ts";
import { refusedByState, StateGuard } from "./heap/state-guard.ts";
import { ANY, parseType } from "./snapshot/state-meta.ts";

/** Larger blobs become files; smaller ones are kept in the manifest itself. */
const INLINE_BYTES_MAX = 4096;
const LIST_VERSION = 1;

/**
 * Makes the operator state of one subtask, restored when `restore` is given (also with nothing in it).
 * Errors: CHECKPOINT_CORRUPT, STATE_INCOMPATIBLE, and those of reading the files.
 */
export async function createOperatorStateBackend(
  options: OperatorBackendOptions,
  restore: OperatorStateRestore | null,
): Promise<OperatorStateBackend> {
  const restored = restore === null ? [] : await readLists(options, restore);
  return new HeapOperatorStateBackend(options, restored, restore !== null);
}

type RestoredList = {
  readonly name: string;
  readonly redistribution: Redistribution;
  readonly type: ValueType<unknown>;
  readonly share: Share<unknown>;
};

class HeapOperatorStateBackend implements OperatorStateBackend {
  readonly isRestored: boolean;
  readonly #options: OperatorBackendOptions;
  readonly #restored: Map<string, RestoredList>;
  readonly #lists = new Map<string, WrittenList>();

  constructor(options: OperatorBackendOptions, restored: readonly RestoredList[], isRestored: boolean) {
    this.#options = options;
    this.#restored = new Map(restored.map((list) => [list.name, list]));
    this.isRestored = isRestored;
  }

  list<V>(descriptor: StateDescriptor<V>): OperatorListState<V> {
    return this.#stateOf(descriptor, "split");
  }

  unionList<V>(descriptor: StateDescriptor<V>): OperatorListState<V> {
    return this.#stateOf(descriptor, "union");
  }

  broadcastList<V>(descriptor: StateDescriptor<V>): OperatorListState<V> {
    return this.#stateOf(descriptor, "broadcast");
  }

  broadcastMap<K extends Key, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    const { name, keyType = ANY as ValueType<K>, type = ANY as ValueType<V> } = descriptor;
    const entry = entryType(keyType, type);
    return this.#declared({ name, type: entry }, "broadcast", HeapBroadcastMap, (items) => {
      return new HeapBroadcastMap<K, V>(this.#options.operatorUid, { name, type: entry }, items);
    });
  }

  declarations(): readonly StateDeclaration[] {
    return this.#written().map(({ name, type, redistribution }) => {
      return { name, kind: operatorListKinds[redistribution], type: describeType(type) };
    });
  }

  snapshot(): OperatorSnapshot {
    const blobs: { readonly handle: Omit<OperatorStateHandle, "blob">; readonly bytes: Uint8Array }[] = [];
    let failure: unknown;
    try {
      for (const list of this.#written()) {
        const { name, redistribution, items } = list;
        if (items.length === 0) continue;
        // The count is taken now as well: the list may have grown by the time it is written.
        const handle = { name, redistribution, count: items.length };
        blobs.push({ handle, bytes: encodeList(this.#options, list) });
      }
    } catch (error) {
      failure = error;
    }
    return {
      write: async (files) => {
        if (failure !== undefined) throw failure;
        const handles: OperatorStateHandle[] = [];
        for (const { handle, bytes } of blobs) handles.push({ ...handle, blob: await writeBlob(files, bytes) });
        return handles;
      },
    };
  }

  #written(): WrittenList[] {
    const kept = [...this.#restored.values()].map(({ share, ...list }) => ({ ...list, items: share.kept }));
    return [...kept, ...this.#lists.values()];
  }

  #stateOf<V>(
    { name, type = ANY as ValueType<V> }: StateDescriptor<V>,
    redistribution: Redistribution,
  ): OperatorListState<V> {
    return this.#declared({ name, type }, redistribution, HeapOperatorList, (items) => {
      return new HeapOperatorList<V>(this.#options.operatorUid, { name, type }, redistribution, items);
    });
  }

  /** The state of that name, which was declared before as the same, or is made now of what was restored. */
  #declared<V, S extends WrittenList>(
    { name, type }: { readonly name: string; readonly type: ValueType<V> },
    redistribution: Redistribution,
    Form: abstract new (...parts: never[]) => unknown,
    make: (items: V[]) => S,
  ): S {
    if (typeof name !== "string" || name === "")
      throw this.#invalid("declares operator state without a name; give it one");
    const existing = this.#lists.get(name);
    if (existing !== undefined) {
      const isSame = existing.redistribution === redistribution && sameType(existing.type, type);
      if (isSame && existing instanceof Form) return existing as WrittenList as S;
      throw this.#invalid(
        `declares operator state "${name}" twice: as ${existing.redistribution} list of ${describeType(existing.type)} and as ${redistribution} list of ${describeType(type)}; give each a name of its own (STA3)`,
      );
    }
    const state = make(this.#adopt(name, type, redistribution));
    this.#restored.delete(name);
    this.#lists.set(name, state);
    return state;
  }

  #adopt<V>(name: string, type: ValueType<V>, redistribution: Redistribution): V[] {
    const restored = this.#restored.get(name);
    if (restored === undefined) return [];
    const plan = planEvolution(restored.type, type, "an item");
    const isOther = restored.redistribution !== redistribution;
    if (plan.kind === "refused" || isOther) {
      const reason = plan.kind === "refused" ? plan.reason : "items are shared out in another way";
      throw new StreamError(
        "STATE_INCOMPATIBLE",
        `operator state "${name}" of operator "${this.#options.operatorUid}" was written as ${restored.redistribution} list of ${describeType(restored.type)}, but is declared as ${redistribution} list of ${describeType(type)}: ${reason}; declare the old type (only nullable fields may be added, fields may be removed), give the new state another name, or start without this savepoint`,
        { destiny: "terminal" },
      );
    }
    const { items } = restored.share;
    return (plan.kind === "convert" ? items.map(plan.convert) : [...items]) as V[];
  }

  #invalid(what: string): StreamError {
    return new StreamError("OPTION_INVALID", `operator "${this.#options.operatorUid}" ${what}`, {
      destiny: "terminal",
    });
  }
}

type WrittenList = {
  readonly name: string;
  readonly type: ValueType<unknown>;
  readonly redistribution: Redistribution;
  readonly items: readonly unknown[];
};

class HeapOperatorList<V> implements OperatorListState<V> {
  readonly name: string;
  readonly type: ValueType<V>;
  readonly redistribution: Redistribution;
  items: V[];
  readonly #guard = new StateGuard();
  readonly #uid: string;

  constructor(
    uid: string,
    { name, type }: { name: string; type: ValueType<V> },
    redistribution: Redistribution,
    items: V[],
  ) {
    this.#uid = uid;
    this.name = name;
    this.type = type;
    this.redistribution = redistribution;
    this.items = items;
  }

  get(): readonly V[] {
    return this.items;
  }

  add(value: V): void {
    this.#admit(value);
    // Emitted as it was handed out: what is added now is none of that.
    if (Object.isFrozen(this.items)) this.items = this.items.slice();
    this.items.push(value);
  }

  update(values: readonly V[]): void {
    for (const value of values) this.#admit(value);
    this.items = [...values];
  }

  #admit(value: V): void {
    const found = this.#guard.find(value, this.type);
    if (found !== null)
      throw refusedByState(this.#uid, { name: this.name, kind: "list", type: this.type, keyType: null }, found);
  }
}

function encodeList({ operatorUid, subtask }: OperatorBackendOptions, { name, type, items }: WrittenList): Uint8Array {
  const text = Buffer.from(JSON.stringify({ version: LIST_VERSION, ...type }), "utf8");
  const writer = new ByteWriter(INLINE_BYTES_MAX);
  writer.u32(text.length);
  writer.bytes(text);
  writer.align8();
  try {
    encodeBatch(type, { rows: items, timestamps: null, keyHashes: null }, writer);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StreamError(
      "VALUE_NOT_SERIALIZABLE",
      `operator state "${name}" (${describeType(type)}) of operator "${operatorUid}", subtask ${subtask}, cannot be stored: ${reason}`,
      { destiny: "terminal", cause },
    );
  }
  return writer.copy();
}

async function writeBlob(files: SnapshotFiles, bytes: Uint8Array): Promise<StateBlob> {
  if (bytes.length <= INLINE_BYTES_MAX) return { kind: "inline", base64: Buffer.from(bytes).toString("base64") };
  const file = await files.create();
  try {
    await file.write(bytes);
    return { kind: "file", file: await file.close() };
  } catch (error) {
    await abortAfter(error, file);
    throw error;
  }
}

async function readLists(
  options: OperatorBackendOptions,
  { operator, read }: OperatorStateRestore,
): Promise<RestoredList[]> {
  const names = new Set(operator.flatMap((handles) => handles.map((handle) => handle.name)));
  const lists: RestoredList[] = [];
  for (const name of names) {
    const handles = operator.map((ofSubtask) => ofSubtask.find((handle) => handle.name === name));
    const first = handles.find((handle) => handle !== undefined) as OperatorStateHandle;
    const decoded = await Promise.all(
      handles.map((handle) => (handle === undefined ? Promise.resolve(null) : readList(options, handle, read))),
    );
    const { type, items } = unite(options, name, decoded);
    const share = shareOf(first.redistribution, items, options.subtask, options.parallelism);
    lists.push({ name, redistribution: first.redistribution, type, share });
  }
  return lists;
}

type DecodedList = { readonly type: ValueType<unknown>; readonly items: readonly unknown[] };

/** The lists of all old subtasks with one type: some may have been written with an older version of it (SR2). */
function unite(
  { operatorUid }: OperatorBackendOptions,
  name: string,
  lists: readonly (DecodedList | null)[],
): { readonly type: ValueType<unknown>; readonly items: readonly (readonly unknown[])[] } {
  const types = lists.flatMap((list) => (list === null ? [] : [list.type]));
  const type = types.reduce((left, right) => {
    const both = unionType(left, right);
    if (both !== null) return both;
    throw new StreamError(
      "STATE_INCOMPATIBLE",
      `operator state "${name}" of operator "${operatorUid}" was written as list of ${describeType(left)} and as list of ${describeType(right)} by subtasks of the same checkpoint; restore from another one`,
      { destiny: "terminal" },
    );
  });
  const items = lists.map((list) => {
    if (list === null) return [];
    const plan = planEvolution(list.type, type);
    return plan.kind === "convert" ? list.items.map(plan.convert) : list.items;
  });
  return { type, items };
}

async function readList(
  options: OperatorBackendOptions,
  handle: OperatorStateHandle,
  read: StateReader,
): Promise<DecodedList> {
  const { blob, name, count } = handle;
  const bytes = blob.kind === "inline" ? Buffer.from(blob.base64, "base64") : await read(blob.file);
  const reader = new ByteReader(bytes);
  const text = reader.bytes(reader.u32()).toString("utf8");
  reader.align8();
  const what = `operator state "${name}" of operator "${options.operatorUid}"`;
  const header = parseHeader(text, what);
  refuseNewer(what, header, LIST_VERSION);
  const type = parseType(header);
  const items = decodeBatch(type, reader).rows;
  if (items.length === count) return { type, items };
  throw new StreamError(
    "CHECKPOINT_CORRUPT",
    `${what} has ${items.length} items where its checkpoint says ${count}; restore from another checkpoint`,
    { destiny: "terminal" },
  );
}

function parseHeader(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${what} has a header that is not JSON; restore from another checkpoint`;
    throw new StreamError("CHECKPOINT_CORRUPT", message, { destiny: "terminal", cause });
  }
}
