/**
 * Owns: the golden forms of the files in a home folder: the embedded API server's log, a job's record, a control plane's endpoint.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processIdentity } from "../../base/index.ts";
import { homeFolder } from "../../cli/jobs/home-folder.ts";
import { type JobRecord, readRecords, writeRecord } from "../../cli/jobs/job-registry.ts";
import { openFileObjectLog } from "../../embedded/api-server/file-object-log.ts";
import type { LoggedWrite } from "../../embedded/api-server/object-log.ts";
import { readEndpoint, removeEndpoint, takeEndpoint } from "../../main/control-plane/endpoint.ts";
import { bundle, type Form, inFolder, nextJsonVersion, replaced, unbundle, writeFiles } from "./form.ts";

const configMap = (name: string, rv: string): LoggedWrite["object"] => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name,
    namespace: "default",
    uid: `uid-of-${name}`,
    resourceVersion: rv,
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  data: { key: "größe" },
});

const filesIn = (path: string): Map<string, Uint8Array> =>
  new Map(readdirSync(path).map((name) => [name, readFileSync(join(path, name))]));

/** The first write fills a segment, so that a snapshot is made of it; the others are in the segment after it. */
function writeObjectLog(): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    const log = openFileObjectLog({ folder, segmentBytesMax: 1 });
    await log.load();
    log.append(2, { type: "put", kind: "ConfigMap", object: configMap("a", "2") });
    log.append(3, { type: "put", kind: "ConfigMap", object: configMap("b", "3") });
    log.append(4, { type: "delete", kind: "ConfigMap", object: configMap("a", "4") });
    await log.close();
    return bundle(filesIn(folder));
  });
}

function readObjectLog(bytes: Uint8Array): Promise<unknown> {
  return inFolder(async (folder) => {
    writeFiles(folder, unbundle(bytes));
    const log = openFileObjectLog({ folder });
    const state = await log.load();
    await log.close();
    return state;
  });
}

const JOB_ID = "0123456789abcdef0123456789abcdef";
const record: JobRecord = {
  version: 1,
  jobId: JOB_ID,
  name: "orders",
  module: "/jobs/orders.ts",
  restUrl: "http://127.0.0.1:8081",
  runnerPid: 4711,
  runnerIdentity: "boot/1",
  pids: { jobManager: 4712, taskManagers: [4713] },
  startedMs: 1_750_000_000_000,
  checkpointRoot: "file:///state/default/orders",
  jobManagerRestarts: 1,
  lastCheckpoint: "file:///state/default/orders/chk/0000000002.manifest",
  lastSavepoint: null,
  terminal: { status: "FINISHED", endedMs: 1_750_000_000_100, restarts: 0, failure: null },
};

function readRecordFile(bytes: Uint8Array): Promise<unknown> {
  return inFolder((path) => {
    const home = homeFolder(path);
    writeRecord(home, record);
    writeFileSync(join(home.jobs, `${JOB_ID}.json`), bytes);
    return readRecords(home, (_path, why) => {
      throw new Error(why);
    })[0];
  });
}

const endpoint = { version: 1, pid: 4711, identity: "boot/1", url: "http://127.0.0.1:2", token: "secret" } as const;

/** Of this process, with what differs from run to run replaced. */
function writeEndpoint(): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    await takeEndpoint(folder);
    await takeEndpoint(folder, { url: endpoint.url, token: endpoint.token });
    const text = readFileSync(join(folder, "endpoint.json"), "utf8");
    await removeEndpoint(folder);
    return Buffer.from(
      text.replace(/"pid":\d+/, '"pid":4711').replace(/"identity":("[^"]*"|null)/, '"identity":"boot/1"'),
    );
  });
}

export const localForms: readonly Form[] = [
  {
    file: "object-log.v1.json",
    write: writeObjectLog,
    read: readObjectLog,
    means: { resourceVersion: 4, objects: [{ kind: "ConfigMap", object: configMap("b", "3") }] },
    // The last line: one that cannot be read is cut off there, one that is newer is not.
    newer: replaced('{\\"version\\":1,\\"rv\\":4', '{\\"version\\":2,\\"rv\\":4'),
  },
  {
    file: "job-record.v1.json",
    write: () =>
      inFolder((path) => {
        const home = homeFolder(path);
        writeRecord(home, record);
        return readFileSync(join(home.jobs, `${JOB_ID}.json`));
      }),
    read: readRecordFile,
    means: record,
    newer: nextJsonVersion,
  },
  {
    file: "endpoint.v1.json",
    write: writeEndpoint,
    read: (bytes) =>
      inFolder((folder) => {
        writeFileSync(join(folder, "endpoint.json"), bytes);
        return readEndpoint(folder);
      }),
    means: endpoint,
    // Of a process that runs: one that has ended has nothing to protect (EP3).
    newer: (bytes) => {
      const written = JSON.parse(Buffer.from(bytes).toString("utf8")) as typeof endpoint;
      const ofLiving = { ...written, pid: process.ppid, identity: processIdentity(process.ppid) };
      return nextJsonVersion(Buffer.from(JSON.stringify(ofLiving)));
    },
  },
];
