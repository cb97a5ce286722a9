/**
 * Owns: the port Reviews over HTTP: a TokenReview and a SubjectAccessReview are created, and their answer is their status.
 *
 * RVW1 Nothing is allowed by an answer that does not say so: `authenticated` and `allowed` have to be true, an audience has to be one of
 *     those that were asked for, and a user has to have a name.
 */
import {
  type AccessVerdict,
  ApiError,
  type CallOptions,
  fromApiStatus,
  isApiStatus,
  parseApiStatus,
  type ResourceAttributes,
  type Reviews,
  type TokenVerdict,
  type UserInfo,
} from "../api/index.ts";
import { type HttpExchangeOptions, HttpExchanger } from "./http-exchange.ts";

type TokenStatus = {
  readonly authenticated?: boolean;
  readonly user?: Partial<UserInfo>;
  readonly audiences?: readonly string[];
  readonly error?: string;
};
type AccessStatus = { readonly allowed?: boolean; readonly denied?: boolean; readonly reason?: string };

const AUTHENTICATION = "authentication.k8s.io/v1";
const AUTHORIZATION = "authorization.k8s.io/v1";

export class HttpReviews implements Reviews {
  readonly #exchanger: HttpExchanger;

  constructor(options: HttpExchangeOptions) {
    this.#exchanger = new HttpExchanger(options);
  }

  async token(token: string, audiences: readonly string[], options: CallOptions = {}): Promise<TokenVerdict> {
    const review = { apiVersion: AUTHENTICATION, kind: "TokenReview", spec: { token, audiences } };
    const status = await this.#create<TokenStatus>(`/apis/${AUTHENTICATION}/tokenreviews`, review, options);
    const { authenticated, user, error } = status;
    if (authenticated !== true || user?.username === undefined || user.username === "") {
      return { kind: "refused", reason: error ?? "the token is not valid" };
    }
    if (!audiences.some((audience) => status.audiences?.includes(audience))) {
      return { kind: "refused", reason: `the token is not meant for ${audiences.join(", ")}` };
    }
    return { kind: "authenticated", user: { ...user, username: user.username } };
  }

  async access(user: UserInfo, attributes: ResourceAttributes, options: CallOptions = {}): Promise<AccessVerdict> {
    const { username, ...others } = user;
    const spec = { user: username, ...others, resourceAttributes: attributes };
    const review = { apiVersion: AUTHORIZATION, kind: "SubjectAccessReview", spec };
    const status = await this.#create<AccessStatus>(`/apis/${AUTHORIZATION}/subjectaccessreviews`, review, options);
    if (status.allowed === true && status.denied !== true) return { kind: "allowed" };
    return { kind: "denied", reason: status.reason ?? "" };
  }

  async #create<S extends object>(path: string, body: object, { signal }: CallOptions): Promise<S> {
    const exchange = { method: "POST", path, body, contentType: "application/json" } as const;
    const answer = await this.#exchanger.exchange(signal === undefined ? exchange : { ...exchange, signal });
    if (answer.code < 200 || answer.code > 299) {
      const failure = parseApiStatus(answer.body);
      throw fromApiStatus(answer.code, isApiStatus(failure) ? failure : null, `POST ${path}`, answer.retryAfterSeconds);
    }
    return statusIn<S>(answer.body, path);
  }
}

/** RVW1: of an answer without one, an empty one, which allows nothing. */
function statusIn<S extends object>(body: string, path: string): S {
  try {
    const { status } = JSON.parse(body) as { readonly status?: S };
    return status ?? ({} as S);
  } catch (cause) {
    const what = `POST ${path} was answered with something that is no JSON: check that the address is that of an API server`;
    throw new ApiError("Unavailable", what, { cause });
  }
}
