/**
 * Owns: lists that are handed out in pages, so that all pages of one list show the objects at one resourceVersion.
 * Called by: LocalApiServer.
 *
 * LIP1 A list in pages is kept as references to objects that never change: its later pages see nothing of what is written meanwhile.
 * LIP2 At most `LISTS_MAX` are kept, for `LIST_AGE_MAX_MS`, and none outlives the process; a token of another is `Gone`.
 */
import type { Clock } from "../../base/index.ts";
import { ApiError } from "../../operator/kubernetes/api/index.ts";
import { isObject, type Json, type StoredObject } from "./json-value.ts";

const LISTS_MAX = 64;
const LIST_AGE_MAX_MS = 5 * 60_000;

export type RawPage = {
  readonly items: readonly StoredObject[];
  readonly resourceVersion: string;
  readonly continue: string | null;
};

type KeptList = { readonly objects: readonly StoredObject[]; readonly resourceVersion: string; readonly atMs: number };

export class ListPages {
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #lists = new Map<number, KeptList>();
  #count = 0;

  /** `instance`: tokens of another instance are not accepted. */
  constructor(clock: Clock, instance: string) {
    this.#clock = clock;
    this.#instance = instance;
  }

  first(objects: readonly StoredObject[], resourceVersion: string, limit: number | undefined): RawPage {
    if (limit === undefined || limit <= 0 || objects.length <= limit) {
      return { items: objects, resourceVersion, continue: null };
    }
    const id = ++this.#count;
    this.#lists.set(id, { objects, resourceVersion, atMs: this.#clock.monotonicMs() });
    this.#forgetOld();
    return this.#page(id, 0, limit);
  }

  next(token: string, limit: number | undefined): RawPage {
    this.#forgetOld();
    const { list, from } = this.#parse(token);
    return this.#page(list, from, limit === undefined || limit <= 0 ? Number.POSITIVE_INFINITY : limit);
  }

  #page(id: number, from: number, limit: number): RawPage {
    const list = this.#lists.get(id);
    if (list === undefined) {
      throw new ApiError(
        "Gone",
        "The provided continue parameter is too old to display a consistent list result: list again",
      );
    }
    const items = list.objects.slice(from, from + limit);
    const isLast = from + items.length >= list.objects.length;
    const token = JSON.stringify({ instance: this.#instance, list: id, from: from + items.length });
    return {
      items,
      resourceVersion: list.resourceVersion,
      continue: isLast ? null : Buffer.from(token).toString("base64url"),
    };
  }

  #parse(token: string): { list: number; from: number } {
    let value: Json = null;
    try {
      value = JSON.parse(Buffer.from(token, "base64url").toString()) as Json;
    } catch {
      // Not a token of ours: said below.
    }
    if (!isObject(value) || typeof value["list"] !== "number" || typeof value["from"] !== "number") {
      throw new ApiError("BadRequest", "continue key is not valid: it must be the one of the page before");
    }
    return { list: value["instance"] === this.#instance ? value["list"] : 0, from: value["from"] };
  }

  #forgetOld(): void {
    const bestBefore = this.#clock.monotonicMs() - LIST_AGE_MAX_MS;
    for (const [id, list] of this.#lists) {
      if (this.#lists.size > LISTS_MAX || list.atMs < bestBefore) this.#lists.delete(id);
    }
  }
}
