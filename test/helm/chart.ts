/**
 * Owns: the chart helm/streamjob-operator as tests see it: rendered by a Helm of the environment, as objects.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";

/** Any object of a rendered chart. */
export type Rendered = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
};

export type Release = {
  readonly name: string;
  readonly namespace: string;
  /** Given as a values file. */
  readonly values: object;
};

/** What one run of Helm said, and whether it was content. */
export type HelmAnswer = { readonly code: number; readonly stdout: string; readonly stderr: string };

export const chartFolder = fileURLToPath(new URL("../../helm/streamjob-operator", import.meta.url));
const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;

/** Runs Helm; `values` go in by its standard input, as `--values -`. */
export async function runHelm(helm: string, args: readonly string[], values?: object): Promise<HelmAnswer> {
  const given = values === undefined ? [] : ["--values", "-"];
  const running = run(helm, [...args, ...given], { maxBuffer: OUTPUT_BYTES_MAX });
  running.child.stdin?.end(values === undefined ? "" : JSON.stringify(values));
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const { code, stdout, stderr } = error as {
      readonly code?: unknown;
      readonly stdout: string;
      readonly stderr: string;
    };
    if (typeof code !== "number") throw error;
    return { code, stdout, stderr };
  }
}

/** The chart's objects. Errors: what Helm says. */
export async function renderChart(helm: string, { name, namespace, values }: Release): Promise<Rendered[]> {
  const answer = await runHelm(helm, ["template", name, chartFolder, "--namespace", namespace], values);
  if (answer.code !== 0) throw new Error(answer.stderr);
  return parseAllDocuments(answer.stdout).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
}

/** The one object of this kind whose name ends so. Throws unless there is exactly one. */
export function oneOf(objects: readonly Rendered[], kind: string, nameEnd = ""): Rendered {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(nameEnd));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new Error(`${found.length} objects of kind ${kind} have a name that ends in "${nameEnd}"`);
}
