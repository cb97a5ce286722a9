/**
 * Owns: a job's own files in its pods, when they are not in the image: where they lie, and the volume that brings them.
 * Called by: incarnation-config.ts, pod-template.ts, pod-container.ts.
 *
 * PGF1 The text of an inline job, or of one in SQL, and the files of a ConfigMap are kept in the ConfigMap of the incarnation, which never changes: every
 *     pod of an incarnation finds what it was made with, whatever became of the spec and of the user's ConfigMap.
 * PGF2 Beside files of a user our own keys have names that no file of a job has.
 */
import type { ProgramSource } from "../../crds/index.ts";
import type { Program } from "../../contract/index.ts";
import type { CopiedFiles } from "../engine/index.ts";
import type { Container, Volume } from "../kubernetes/api/index.ts";

/** Where a job's files are mounted; in the image it is an empty folder, the working directory. */
const JOB_FOLDER = "/opt/streamjob/job";
const VOLUME = "job";
/** Key of the text that is in the spec, and its file. */
const TEXT_KEYS = { inline: "job.ts", sql: "job.sql" } as const;

/** What pods are told of the program. */
export function programOf(source: ProgramSource): Program {
  switch (source.kind) {
    case "module":
      return { kind: "module", path: source.path };
    case "configMap":
      return { kind: "configMap", name: source.name, key: source.key, path: `${JOB_FOLDER}/${modulePath(source)}` };
    case "inline":
    case "sql":
      return { kind: source.kind, path: `${JOB_FOLDER}/${TEXT_KEYS[source.kind]}` };
  }
}

type ConfigMapSource = Extract<ProgramSource, { kind: "configMap" }>;

const modulePath = ({ key, items = [] }: ConfigMapSource): string =>
  items.find((item) => item.key === key)?.path ?? key;

/** PGF1. What an incarnation's ConfigMap holds beside its configuration. */
export function programData(source: ProgramSource): Readonly<Record<string, string>> {
  return source.kind === "inline" || source.kind === "sql" ? { [TEXT_KEYS[source.kind]]: source.text } : {};
}

/** The user's ConfigMap whose data is copied there when it is made; null: none. */
export function copiedConfigMap(source: ProgramSource): CopiedFiles | null {
  if (source.kind !== "configMap") return null;
  const { name, items } = source;
  return { configMap: name, keys: items?.map(({ key }) => key) ?? null };
}

/** PGF2. Keys of an incarnation's configuration in its ConfigMap. */
export function configKeys(source: ProgramSource): ConfigKeys {
  return source.kind === "configMap" ? KEYS_BESIDE_FILES : KEYS;
}

type ConfigKeys = { readonly config: string; readonly large: string };
const KEYS: ConfigKeys = { config: "config.json", large: "large.json" };
const KEYS_BESIDE_FILES: ConfigKeys = { config: "streamjob-config.json", large: "streamjob-large.json" };

/** The configuration in an incarnation's ConfigMap of whatever source; undefined: there is none. */
export function configIn(data: Readonly<Record<string, string>>): string | undefined {
  return data[KEYS_BESIDE_FILES.config] ?? data[KEYS.config];
}

/** `ownConfigMap`: the name of the incarnation's. */
export function programVolumes(source: ProgramSource, ownConfigMap: string): readonly Volume[] {
  switch (source.kind) {
    case "module":
      return [];
    case "configMap":
      return [{ name: VOLUME, configMap: { name: ownConfigMap, ...itemsOf(source) } }];
    case "inline":
    case "sql": {
      const key = TEXT_KEYS[source.kind];
      return [{ name: VOLUME, configMap: { name: ownConfigMap, items: [{ key, path: key }] } }];
    }
  }
}

const itemsOf = ({ items }: ConfigMapSource) => (items === undefined ? {} : { items: [...items] });

export function programMounts(source: ProgramSource): NonNullable<Container["volumeMounts"]> {
  return source.kind === "module" ? [] : [{ name: VOLUME, mountPath: JOB_FOLDER, readOnly: true }];
}
