/**
 * Owns: who a bearer token is of, and what that user may do with a StreamJob's REST: asked of the API server, remembered for a short time.
 * Not here: HTTP (handler.ts), which right a request needs (target.ts).
 *
 * RAC1 The API server decides: TokenReview for one of our audiences, then SubjectAccessReview. While it does not answer nobody is served.
 * RAC2 A verdict counts for VERDICT_MS: a token that was taken back, or a right, counts for that long after. Tokens are remembered by their
 *     SHA-256 alone, so no token is kept and none is compared with another.
 * RAC3 What is remembered is bounded. Tokens that nobody has are remembered apart, so that any number of them pushes out no good one.
 * RAC4 The same question is asked once at a time, and REVIEWS_MAX questions at most: who asks more is asked to come back.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../base/index.ts";
import {
  type AccessVerdict,
  isApiError,
  type Reviews,
  type TokenVerdict,
  type UserInfo,
} from "../kubernetes/api/index.ts";
import { ExpiringMap } from "./expiring-map.ts";
import { busy, RestRefusal } from "./refusal.ts";

export type AccessOptions = {
  readonly reviews: Reviews;
  /** One of these a token has to be meant for. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
};

/** `get`: to read. `create`: to change something. */
export type RestVerb = "get" | "create";

export type RestObject = { readonly namespace: string; readonly job: string; readonly verb: RestVerb };

const VERDICT_MS = 10_000;
const TOKENS_MAX = 1000;
const VERDICTS_MAX = 10_000;
const REVIEWS_MAX = 32;
/** RFC 6750, 2.1; longer headers are not read at all. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

export class RestAccess {
  readonly #options: AccessOptions;
  readonly #users: ExpiringMap<TokenVerdict>;
  readonly #strangers: ExpiringMap<TokenVerdict>;
  readonly #rights: ExpiringMap<AccessVerdict>;
  /** RAC4 */
  readonly #asked = new Map<string, Promise<unknown>>();

  constructor(options: AccessOptions) {
    this.#options = options;
    const short = { clock: options.clock, ttlMs: VERDICT_MS };
    this.#users = new ExpiringMap({ ...short, entriesMax: TOKENS_MAX });
    this.#strangers = new ExpiringMap({ ...short, entriesMax: TOKENS_MAX });
    this.#rights = new ExpiringMap({ ...short, entriesMax: VERDICTS_MAX });
  }

  /** `header`: Authorization. Errors: RestRefusal 401, 503. */
  async identify(header: string | undefined): Promise<UserInfo> {
    const { audiences, reviews } = this.#options;
    const token = BEARER.exec(header ?? "")?.[1];
    if (token === undefined) {
      throw this.#unknown(
        header === undefined ? "there is no bearer token" : "the header Authorization has no bearer token",
      );
    }
    const key = createHash("sha256").update(token).digest("hex");
    const known = this.#users.get(key) ?? this.#strangers.get(key);
    const verdict =
      known ??
      (await this.#once(`token ${key}`, "TokenReview", async () => {
        const found = await reviews.token(token, audiences);
        (found.kind === "authenticated" ? this.#users : this.#strangers).set(key, found);
        return found;
      }));
    if (verdict.kind === "authenticated") return verdict.user;
    throw this.#unknown("the API server does not accept the token");
  }

  /** Errors: RestRefusal 403, 503. */
  async permit(user: UserInfo, { namespace, job, verb }: RestObject): Promise<void> {
    const { uid = "", groups = [], extra = {} } = user;
    const key = JSON.stringify([user.username, uid, groups, extra, namespace, job, verb]);
    const known = this.#rights.get(key);
    const verdict =
      known ??
      (await this.#once(`right ${key}`, "SubjectAccessReview", async () => {
        const where = { namespace, name: job, group: "streamjob.dev", version: "v1alpha1" };
        const what = { resource: "streamjobs", subresource: "rest", verb };
        const found = await this.#options.reviews.access(user, { ...where, ...what });
        this.#rights.set(key, found);
        return found;
      }));
    if (verdict.kind === "allowed") return;
    const who = user.username.slice(0, 256);
    const advice = `give a role with verb "${verb}" on resource streamjobs/rest of group streamjob.dev there`;
    throw new RestRefusal(403, `User "${who}" may not ${verb} the REST of StreamJob ${namespace}/${job}: ${advice}`);
  }

  /** Always the same words, whatever it was that was asked for. */
  #unknown(reason: string): RestRefusal {
    const [audience = ""] = this.#options.audiences;
    const advice = `send "Authorization: Bearer <token>" with a token for audience ${audience}, such as kubectl create token <service account> --audience ${audience} gives`;
    return new RestRefusal(401, `Not authenticated: ${reason}; ${advice}`, { "WWW-Authenticate": "Bearer" });
  }

  async #once<T>(key: string, what: string, ask: () => Promise<T>): Promise<T> {
    const asked = this.#asked.get(key) as Promise<T> | undefined;
    try {
      if (asked !== undefined) return await asked;
      if (this.#asked.size >= REVIEWS_MAX) throw busy("Too many callers have to be looked up at once");
      const asking = ask();
      this.#asked.set(key, asking);
      try {
        return await asking;
      } finally {
        this.#asked.delete(key);
      }
    } catch (error) {
      if (!isApiError(error)) throw error;
      const advice = isApiError(error, "Forbidden")
        ? "the operator's roles have to allow it; see the value rest.enabled of the chart"
        : "try again";
      throw new RestRefusal(503, `The API server does not say who may do this (${what}): ${error.message}; ${advice}`);
    }
  }
}
