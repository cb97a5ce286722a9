/** Owns: for this room's tests: reviews by hand, which count what they were asked. The real ones: test/kubernetes/rest-tokens.test.ts. */
import { ApiError, type ResourceAttributes, type Reviews } from "../kubernetes/api/index.ts";

export type HandWrittenReviews = Reviews & {
  readonly tokens: string[];
  readonly rights: ResourceAttributes[];
  /** From now on nothing is answered until it is opened again. */
  hold(): () => void;
  /** From now on the API server is not there. */
  isDown: boolean;
};

/** `reader-…` may read, `writer-…` may change too; other tokens are nobody's. */
export function handWrittenReviews(): HandWrittenReviews {
  const tokens: string[] = [];
  const rights: ResourceAttributes[] = [];
  let gate: Promise<void> = Promise.resolve();
  const answer = async <T>(value: T): Promise<T> => {
    await gate;
    if (reviews.isDown) throw new ApiError("Unavailable", "connect ECONNREFUSED");
    return value;
  };
  const reviews: HandWrittenReviews = {
    tokens,
    rights,
    isDown: false,
    token(token) {
      tokens.push(token);
      const isKnown = /^(reader|writer)-/.test(token);
      return answer(
        isKnown ? { kind: "authenticated", user: { username: token } } : { kind: "refused", reason: "no such token" },
      );
    },
    access({ username }, attributes) {
      rights.push(attributes);
      const isAllowed = attributes.verb === "get" || username.startsWith("writer-");
      return answer(isAllowed ? { kind: "allowed" } : { kind: "denied", reason: "" });
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
  return reviews;
}
