/**
 * The port to an API server's reviews: who has a token, and what somebody may do. Nothing is stored by them.
 * Implemented by: operator/kubernetes/client.
 *
 * Errors of every call: ApiError; then nothing is known, and nothing is to be allowed.
 */
import type { CallOptions } from "./kubernetes-api.ts";

/** As the API server knows who it is. */
export type UserInfo = {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

export type TokenVerdict =
  | { readonly kind: "authenticated"; readonly user: UserInfo }
  /** In the API server's words. */
  | { readonly kind: "refused"; readonly reason: string };

export type ResourceAttributes = {
  readonly namespace: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name: string;
};

export type AccessVerdict = { readonly kind: "allowed" } | { readonly kind: "denied"; readonly reason: string };

export interface Reviews {
  /** TokenReview: the token has to be meant for one of the audiences. */
  token(token: string, audiences: readonly string[], options?: CallOptions): Promise<TokenVerdict>;
  /** SubjectAccessReview. */
  access(user: UserInfo, attributes: ResourceAttributes, options?: CallOptions): Promise<AccessVerdict>;
}
