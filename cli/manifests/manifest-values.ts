/**
 * Owns: what of YAML an API server does not take as it is written, or kubectl reads otherwise; found in a parsed document.
 * Does not own: what fields may hold (crds). Called by: manifest-text.ts. Pure.
 *
 * MV1 An object is sent as JSON: what JSON cannot say (infinity, whole numbers beyond 2^53, an anchor inside itself, binary) is refused
 *     where it stands, not sent as something else. -0 is 0.
 * MV2 Manifests are read as YAML 1.2. kubectl reads 1.1: a plain value that it would read otherwise is warned of.
 */
import { type Document, type Node, type Scalar, visit } from "yaml";

/** Something about a value, and where it stands in the text. */
export type ValueFinding = { readonly offset: number; readonly message: string };

export type ValueFindings = { readonly problems: readonly ValueFinding[]; readonly warnings: readonly ValueFinding[] };

/** Beyond it nobody means it, and a recursion over it may end the process. */
const DEPTH_MAX = 200;

export function checkValues(document: Document): ValueFindings {
  const problems: ValueFinding[] = [];
  const warnings: ValueFinding[] = [];
  visit(document, {
    Scalar: (key, node, path) => {
      const found = key === "key" ? null : problemOf(node);
      if (found !== null) problems.push({ offset: offsetOf(node), message: found });
      else if (Object.is(node.value, -0)) node.value = 0;
      const reading = readOtherwise(node);
      // Names of fields are texts either way.
      if (reading !== null && key !== "key") warnings.push({ offset: offsetOf(node), message: reading });
      return depthOf(path, node, problems);
    },
    Alias: (_key, node, path) => {
      const target = node.resolve(document);
      if (target !== undefined && (path as readonly unknown[]).includes(target)) {
        const message = `*${node.source} is inside the value that &${node.source} names: such a value is infinite; write it out`;
        problems.push({ offset: offsetOf(node), message });
      }
    },
    Collection: (_key, node, path) => depthOf(path, node, problems),
  });
  return { problems, warnings };
}

function depthOf(path: readonly unknown[], node: Node, problems: ValueFinding[]): symbol | undefined {
  if (path.length < 2 * DEPTH_MAX) return undefined;
  problems.push({ offset: offsetOf(node), message: `is nested more than ${DEPTH_MAX} levels deep` });
  return visit.BREAK;
}

/** MV1. null: nothing is wrong with it. */
function problemOf({ value, source }: Scalar): string | null {
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      return `${source} is not a number that an object can hold; write a finite number, or put it in quotes`;
    const isWhole = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isWhole && /^[-+]?\d+$/.test(source ?? "")
      ? `${source} is too large to be read exactly; put it in quotes if it is text`
      : null;
  }
  if (value === null || ["string", "boolean"].includes(typeof value)) return null;
  return `is a value of a kind that an object cannot hold (${typeof value === "object" ? value?.constructor.name : typeof value}); write a text or a number`;
}

const ON_OFF = /^(?:y|yes|on|n|no|off)$/i;

/** MV2. null: both read it alike. */
function readOtherwise(node: Scalar): string | null {
  const { source, type, value } = node;
  if (type !== "PLAIN" || source === undefined || node.tag !== undefined) return null;
  const quoted = `"${source}"`;
  if (ON_OFF.test(source)) {
    const read = /^[yo]n?/i.test(source) && !/^off$/i.test(source);
    return `${source} is read as the text ${quoted}; kubectl reads it as ${read}: write ${read}, or ${quoted}`;
  }
  if (/^[-+]?0[0-7]+$/.test(source)) {
    const octal = Number.parseInt(source.replace(/^([-+]?)0+/, "$10"), 8);
    return octal === value
      ? null
      : `${source} is read as ${String(value)}; kubectl reads it as ${octal}, because it begins with 0: write ${String(value)}, or ${quoted}`;
  }
  if (/^[-+]?(?:0b[01_]+|0x[\da-f_]+|\d[\d_]*)$/i.test(source) && typeof value === "string") {
    return `${source} is read as the text ${quoted}; kubectl reads it as a number: write the number in digits, or ${quoted}`;
  }
  return null;
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
