/**
 * Owns: the certificate of this process, its key and its CA, as files in a folder that somebody else renews.
 * Not here: connections (peer-connections.ts), how the files come there (a Secret, mounted into the pod).
 * Called by: the processes of pods; each slot's thread has one of its own.
 *
 * IDN1 The three files are read from one version of the folder: a kubelet replaces the link `..data`, so what is read is resolved first.
 * IDN2 Files that do not fit together, or cannot be read, are never taken: the identity stays what it was, and the log says so, once.
 * IDN3 Renewed files are in use for every connection made after the next look, without a restart; connections that are open stay.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Clock, type Log, StreamError, type Timer } from "../base/index.ts";

/** PEM texts. */
export type IdentityFiles = { readonly ca: string; readonly cert: string; readonly key: string };

export interface Identity {
  /** What is in force now. */
  readonly files: IdentityFiles;
  /** Called with each renewal; gives what ends that. */
  onRenewal(listener: (files: IdentityFiles) => void): () => void;
  close(): void;
}

/** A kubelet itself takes about a minute to bring a changed Secret. */
const LOOK_EVERY_MS = 1000;

const FILES = { ca: "ca.crt", cert: "tls.crt", key: "tls.key" } as const;

/** Reads the folder now, and looks for newer files from now on. Errors: OPTION_INVALID when there is no identity in it. */
export function openIdentity(folder: string, { clock, log }: { clock: Clock; log: Log }): Identity {
  let place = placeOf(folder);
  let files = read(place);
  let toldOf = "";
  let timer: Timer | null = null;
  const listeners = new Set<(files: IdentityFiles) => void>();
  const look = (): void => {
    timer = clock.after(LOOK_EVERY_MS, look);
    let next: string | null = null;
    try {
      next = placeOf(folder);
      if (next === place) return;
      files = read(next);
      place = next;
    } catch (error) {
      if (toldOf !== (next ?? folder)) log.warn({ err: error, folder }, "renewed certificates cannot be used");
      toldOf = next ?? folder; // IDN2
      return;
    }
    const { validTo } = new X509Certificate(files.cert);
    log.info({ validTo }, "certificates renewed");
    for (const listener of listeners) listener(files);
  };
  timer = clock.after(LOOK_EVERY_MS, look);
  return {
    get files() {
      return files;
    },
    onRenewal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      timer?.cancel();
      listeners.clear();
    },
  };
}

/** IDN1: a folder of its own for each version. */
function placeOf(folder: string): string {
  try {
    return dirname(realpathSync(join(folder, FILES.cert)));
  } catch (cause) {
    throw invalid(folder, cause);
  }
}

function read(folder: string): IdentityFiles {
  try {
    const text = (name: keyof typeof FILES): string => readFileSync(join(folder, FILES[name]), "utf8");
    const files = { ca: text("ca"), cert: text("cert"), key: text("key") };
    const certificate = new X509Certificate(files.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(files.key))) throw new Error("tls.key is of another certificate");
    if (!certificate.verify(new X509Certificate(files.ca).publicKey)) throw new Error("ca.crt did not sign tls.crt");
    return files;
  } catch (cause) {
    throw invalid(folder, cause);
  }
}

function invalid(folder: string, cause: unknown): StreamError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const what = `there is no certificate to use in ${folder} (${why}); it comes from the job's Secret <incarnation>-tls, which the operator writes`;
  return new StreamError("OPTION_INVALID", what, { destiny: "terminal", cause });
}
