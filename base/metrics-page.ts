/**
 * Owns: a page of metrics in Prometheus' text format, 0.0.4.
 * Not here: names and values. Called by: whoever serves metrics that it does not count itself.
 *
 *   text   = family*
 *   family = "# HELP" name text, "# TYPE" name kind, sample*        a name comes once, all of its samples behind it
 *   sample = name "{" label="value", … "}" value
 *
 * MPG1 A family that is added with two kinds is untyped: no sample is lost.
 */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Kind = "counter" | "gauge" | "summary";
export type Labels = Readonly<Record<string, string>>;
type Family = { kind: Kind | "untyped"; readonly help: string; readonly samples: string[] };

export class MetricsPage {
  readonly #families = new Map<string, Family>();

  add(
    { name, kind, help }: { readonly name: string; readonly kind: Kind; readonly help: string },
    labels: Labels,
    value: number,
    suffix = "",
  ): void {
    const family: Family = this.#families.get(name) ?? { kind, help, samples: [] };
    this.#families.set(name, family);
    if (family.kind !== kind) family.kind = "untyped"; // MPG1
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    const labelText = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
    family.samples.push(`${name}${suffix}${labelText} ${value}\n`);
  }

  text(): string {
    return [...this.#families]
      .map(([name, { kind, help, samples }]) => `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${samples.join("")}`)
      .join("");
  }
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
