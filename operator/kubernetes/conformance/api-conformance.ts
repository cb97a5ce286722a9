/**
 * Owns: the contract test of the port KubernetesApi: Kubernetes' semantics as sentences, for every server that stands behind it.
 * Does not own: what only one server does (its own tests). Called by: tests of embedded, and of a real cluster.
 *
 * APC1 Only what a real kube-apiserver does too is asserted: reasons, fields and states, not wordings.
 * APC2 Each test has a namespace of its own and leaves nothing that another could see.
 * APC3 What a server does in its own time is waited for, with a deadline.
 */
import { describe, it } from "node:test";
import type { KubernetesApi } from "../api/index.ts";
import { applying } from "./applying.ts";
import { deleting } from "./deleting.ts";
import { listing } from "./listing.ts";
import { refusing } from "./refusing.ts";
import type { Topic } from "./sentence.ts";
import { watching } from "./watching.ts";
import { writing } from "./writing.ts";

export type OpenedApi = {
  readonly api: KubernetesApi;
  /** Empty, and nobody else's. */
  readonly namespace: string;
  close(): Promise<void>;
};

export type KubernetesApiTraits = {
  /** Whether a garbage collector runs; one that is missing (a bare kube-apiserver) leaves those tests out. Default true. */
  readonly collectsGarbage?: boolean;
};

/** What waits in a sentence has shorter deadlines; this one is for what hangs. */
const SENTENCE_TIMEOUT_MS = 120_000;

/** Declares the tests; `open` is called for each of them. */
export function describeKubernetesApi(
  name: string,
  open: () => Promise<OpenedApi>,
  { collectsGarbage = true }: KubernetesApiTraits = {},
): void {
  describe(`${name} keeps the contract of a Kubernetes API server`, () => {
    const topics: Readonly<Record<string, Topic>> = {
      writing,
      listing,
      watching,
      "deleting, without owners": deleting.alone,
      ...(collectsGarbage ? { "deleting what is owned": deleting.owned } : {}),
      applying,
      refusing,
    };
    for (const [topic, sentences] of Object.entries(topics)) {
      describe(topic, () => {
        for (const [sentence, check] of Object.entries(sentences)) {
          it(sentence, { timeout: SENTENCE_TIMEOUT_MS }, async () => {
            const opened = await open();
            try {
              await check(opened);
            } finally {
              await opened.close();
            }
          });
        }
      });
    }
  });
}
