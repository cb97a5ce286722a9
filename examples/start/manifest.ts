/**
 * Owns: the manifest of `npm start`'s job: a file, edited as a person would edit it.
 *
 * MAN1 An edit changes what it names and leaves the rest of the text, comments too, as it is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parse, parseDocument } from "yaml";
import type { StreamJob } from "../../crds/index.ts";

export class Manifest {
  readonly path: string;

  /** Writes the file. */
  constructor(path: string, text: string) {
    this.path = path;
    writeFileSync(path, text);
  }

  /** Sets the field at a path such as `spec.parallelism`. */
  edit(field: string, value: unknown): void {
    const document = parseDocument(readFileSync(this.path, "utf8"));
    document.setIn(field.split("."), value);
    writeFileSync(this.path, document.toString({ lineWidth: 0 }));
  }

  read(): StreamJob {
    return parse(readFileSync(this.path, "utf8")) as StreamJob;
  }
}

export type WordCountManifest = {
  /** Absolute path. */
  readonly module: string;
  readonly args: readonly string[];
};

/** The word count as people would write it. */
export function wordCountManifest({ module, args }: WordCountManifest): string {
  return `# The job of \`npm start\`. Saved changes are what an upgrade is made of.
apiVersion: streamjob.dev/v1alpha1
kind: StreamJob
metadata:
  name: word-count
  namespace: default
spec:
  job:
    module: ${JSON.stringify(module)}
    args: ${JSON.stringify(args)}
  parallelism: 2
  taskManager:
    replicas: 2
  checkpoints:
    interval: 1s
  restart:
    strategy: fixed-delay
    attempts: 10
    delay: 200ms
  upgrade:
    mode: savepoint
    rollback: true
    stability:
      window: 1s
      maxRestarts: 2
`;
}
