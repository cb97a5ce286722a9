/**
 * Owns: what the exchange bench and the ends of a channel say to each other; an end is a thread or a process.
 *
 * ENM1 open → listening → run → measured; then the end goes on until it is ended from outside.
 */
import type { MessagePort } from "node:worker_threads";
import type { SlotLocation } from "../../runtime/rpc/index.ts";
import type { RecordName } from "./records.ts";

export type ToEnd =
  | {
      readonly kind: "open";
      readonly slot: number;
      readonly taskManagerId: string;
      /** Folder with its certificate; null: connections are not encrypted. */
      readonly identity: string | null;
      /** Only for threads of one process: i32 per slot, and the port to the slot at the other end. */
      readonly shared: {
        readonly sleeping: SharedArrayBuffer;
        readonly peer: number;
        readonly port: MessagePort;
      } | null;
    }
  | {
      readonly kind: "run";
      readonly role: "both" | "send" | "receive";
      /** The slot at the other end; one's own for `both`. */
      readonly peer: SlotLocation;
      readonly records: RecordName;
      readonly measureMs: number;
    };

/** What passed an end in its window. Bytes are those of frames; 0 when records went by reference. */
export type Passed = {
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of the end's own thread. */
  readonly cpuSeconds: number;
};

export type FromEnd =
  | { readonly kind: "listening"; readonly dataPort: number }
  | { readonly kind: "measured"; readonly passed: Passed }
  | { readonly kind: "failed"; readonly reason: string };
