/** Owns: what a sentence of the contract is, and sentences about one thing. */
import type { KubernetesApi } from "../api/index.ts";

/** One sentence of the contract, as its check. */
export type Sentence = (opened: { readonly api: KubernetesApi; readonly namespace: string }) => Promise<void>;

/** Sentences about one thing, by their words. */
export type Topic = Readonly<Record<string, Sentence>>;
