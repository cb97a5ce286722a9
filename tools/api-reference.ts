/**
 * Owns: docs/api.md: what the package exports, as its declarations say it. It is the reference for users, and the report of the public
 * surface: a change of an exported declaration makes the page stale, which test/architecture notices.
 * Does not own: the declarations and their comments; they live beside the code.
 * Called by: reference-pages.ts.
 *
 * AR1  Every declaration that an exported one names is exported too: else a user could not write its type down. What is not is listed.
 * AR2  The page depends on declarations alone: a comment inside of a function changes nothing.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { repositoryRoot } from "./find-node.mjs";

/** A top-level declaration of a `.d.ts` file. */
export type Declaration = {
  readonly name: string;
  readonly kind: "function" | "class" | "const" | "interface" | "type";
  /** The text of its comment, without the marks; empty: none. */
  readonly comment: string;
  readonly isExported: boolean;
  /** Without comment and without `export declare`. */
  readonly text: string;
};

/** One `.d.ts` file. */
export type DeclarationFile = {
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** Name here → the file and its name there. */
  readonly imports: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
  /** Name for others → as with imports; those without a name are of `export *`. */
  readonly reexports: readonly { readonly as: string | null; readonly file: string; readonly name: string }[];
};

const FROM = /^(import|export)(?: type)? (\*|\{[^}]*\}) from "(\.[^"]+)";$/gm;

/** Reads a file as `tsc` writes it. */
export function readDeclarations(path: string, text: string): DeclarationFile {
  const imports = new Map<string, { readonly file: string; readonly name: string }>();
  const reexports: { as: string | null; file: string; name: string }[] = [];
  for (const [, verb, clause = "", specifier = ""] of text.matchAll(FROM)) {
    const file = posix.join(posix.dirname(path), specifier.replace(/\.ts$/, ".d.ts"));
    if (clause === "*") reexports.push({ as: null, file, name: "*" });
    for (const entry of clause === "*" ? [] : clause.slice(1, -1).split(",")) {
      const [, name, as] = /^\s*(?:type )?(\w+)(?: as (\w+))?\s*$/.exec(entry) ?? [];
      if (name === undefined) continue;
      if (verb === "import") imports.set(as ?? name, { file, name });
      else reexports.push({ as: as ?? name, file, name });
    }
  }
  const declarations = new Map<string, Declaration>();
  const starts = /^(?:export )?(?:declare )?(?:abstract )?(function|class|const|interface|type) (\w+)/gm;
  for (const match of text.matchAll(starts)) {
    const [, kind, name] = match as unknown as [string, Declaration["kind"], string];
    const before = text.slice(0, match.index);
    const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n$/.exec(before)?.[1] ?? "";
    const own = text
      .slice(match.index, endOfStatement(text, match.index))
      .replace(/^(?:export )?(?:declare )?/, "")
      .replace(/^ *#private;\n/m, "");
    const known = declarations.get(name);
    declarations.set(name, {
      name,
      kind,
      isExported: match[0].startsWith("export "),
      comment: known?.comment ?? plainComment(comment),
      // Overloads of a function are declarations of one name.
      text: known === undefined ? own : `${known.text}\n${own}`,
    });
  }
  return { declarations, imports, reexports };
}

/** The position after a statement: a semicolon or a brace that closes it, outside of all brackets. */
function endOfStatement(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] as string;
    if (text.startsWith("/*", at)) at = text.indexOf("*/", at) + 1;
    else if (char === '"' || char === "'" || char === "`") at = text.indexOf(char, at + 1);
    else if ("{([".includes(char)) depth += 1;
    else if ("})]".includes(char)) {
      depth -= 1;
      if (depth === 0 && char === "}" && text[at + 1] === "\n") return at + 1;
    } else if (char === ";" && depth === 0) return at + 1;
  }
  return text.length;
}

function plainComment(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

/** All declaration files that may be needed, read when they are. */
class Surface {
  readonly #read: (path: string) => string;
  readonly #files = new Map<string, DeclarationFile>();

  constructor(read: (path: string) => string) {
    this.#read = read;
  }

  file(path: string): DeclarationFile {
    const known = this.#files.get(path) ?? readDeclarations(path, this.#read(path));
    this.#files.set(path, known);
    return known;
  }

  /** Where a name of a file is declared. */
  find(path: string, name: string): { readonly path: string; readonly declaration: Declaration } | null {
    const { declarations, imports, reexports } = this.file(path);
    const declaration = declarations.get(name);
    if (declaration !== undefined) return { path, declaration };
    const imported = imports.get(name);
    if (imported !== undefined) return this.find(imported.file, imported.name);
    for (const { as, file, name: there } of reexports) {
      const found = as === name ? this.find(file, there) : as === null ? this.find(file, name) : null;
      if (found !== null) return found;
    }
    return null;
  }

  /** The names that a door exports. */
  exportsOf(path: string): readonly string[] {
    const { declarations, reexports } = this.file(path);
    return [
      ...[...declarations.values()].filter(({ isExported }) => isExported).map(({ name }) => name),
      ...reexports.flatMap(({ as, file }) => (as === null ? this.exportsOf(file) : [as])),
    ];
  }
}

/** The page for doors (name of the package export → `.d.ts` file), over a way to read those files. */
export function renderApiPage(doors: Readonly<Record<string, string>>, read: (path: string) => string): string {
  const surface = new Surface(read);
  const exported = new Set<Declaration>();
  const sections: string[] = [];
  for (const [name, door] of Object.entries(doors)) {
    const found = [...new Set(surface.exportsOf(door))].toSorted().map((each) => {
      const at = surface.find(door, each);
      if (at === null) throw new Error(`${door} exports ${each}, which is declared nowhere`);
      exported.add(at.declaration);
      return { ...at, each };
    });
    sections.push(
      `## ${name}`,
      "",
      ...found.flatMap(({ declaration, each }) => [
        `### ${each}`,
        "",
        ...(declaration.comment === "" ? [] : [declaration.comment, ""]),
        "```ts",
        declaration.text,
        "```",
        "",
      ]),
    );
  }
  const hidden = hiddenTypes(surface, doors, exported);
  return [
    "<!-- Generated from the declarations of the package by `npm run docs`; do not edit. -->",
    "",
    "# API reference",
    "",
    "Everything that the package exports, by import. A name that is not here is not part of the API and may change without notice.",
    "",
    ...sections,
    ...(hidden.length === 0
      ? []
      : [
          "## Named above, and not exported",
          "",
          "Values of these types come from the engine; a job module has no need to write them down.",
          "",
          ...hidden.flatMap(({ comment, text }) => [
            ...(comment === "" ? [] : [comment, ""]),
            "```ts",
            text,
            "```",
            "",
          ]),
        ]),
  ].join("\n");
}

/** Declarations that exported ones name, directly or by way of others, and that no door exports (AR1). */
function hiddenTypes(
  surface: Surface,
  doors: Readonly<Record<string, string>>,
  exported: ReadonlySet<Declaration>,
): readonly Declaration[] {
  const hidden = new Map<string, Declaration>();
  const seen = new Set<Declaration>();
  const visit = (path: string, declaration: Declaration): void => {
    if (seen.has(declaration)) return;
    seen.add(declaration);
    if (!exported.has(declaration)) hidden.set(declaration.name, declaration);
    for (const word of new Set(declaration.text.match(/\b[A-Z]\w*/g))) {
      const { declarations, imports } = surface.file(path);
      if (!declarations.has(word) && !imports.has(word)) continue;
      const found = surface.find(path, word);
      if (found !== null) visit(found.path, found.declaration);
    }
  };
  for (const door of Object.values(doors)) {
    for (const name of surface.exportsOf(door)) {
      const found = surface.find(door, name);
      if (found !== null) visit(found.path, found.declaration);
    }
  }
  return [...hidden.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The page as the code is now: compiles the declarations into a folder of their own, which takes a few seconds. */
export function currentApiPage(): string {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-declarations-"));
  try {
    const compiler = join(repositoryRoot, "node_modules", ".bin", "tsc");
    const options = [
      "-p",
      "tsconfig.package.json",
      "--emitDeclarationOnly",
      "--sourceMap",
      "false",
      "--inlineSources",
      "false",
    ];
    const { status, stdout, error } = spawnSync(compiler, [...options, "--outDir", folder], {
      cwd: repositoryRoot,
      encoding: "utf8",
    });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`the declarations cannot be compiled:\n${stdout}`);
    const { exports } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
      readonly exports: Readonly<Record<string, string>>;
    };
    const doors = Object.entries(exports).map(([name, source]): [string, string] => [
      posix.join("streamjob", name),
      posix.normalize(source.replace(/\.ts$/, ".d.ts")),
    ]);
    return renderApiPage(Object.fromEntries(doors), (path) => readFileSync(join(folder, path), "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
