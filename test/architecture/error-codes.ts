/**
 * Owns: the checks of error codes, each a pure function from lists and sources to violations in words.
 * Does not own: the codes (`error-codes.ts` in the rooms), all lists together (tools/error-lists.ts). That each code is in a list is
 * the compiler's to say (ERC2).
 */
import type { Room } from "./rooms.ts";
import type { SourceFile } from "./rules.ts";
import { splitSource } from "./source-text.ts";

/** The codes of each list, by the folder of the room where it lies. */
export type CodeLists = Readonly<Record<string, Readonly<Record<string, string>>>>;

const half = (path: string): string => path.split("/")[0] ?? path;
const isList = (path: string): boolean => path.endsWith("/error-codes.ts");
const isTest = (path: string): boolean => /\.test(?:-support)?\.ts$/.test(path);

/** No code is in two lists: one that several halves raise is in base's. */
export function checkDeclaredOnce(lists: CodeLists): string[] {
  const folders = new Map<string, string[]>();
  for (const [folder, codes] of Object.entries(lists))
    for (const code of Object.keys(codes)) folders.set(code, [...(folders.get(code) ?? []), folder]);
  return [...folders]
    .filter(([, declaring]) => declaring.length > 1)
    .map(([code, declaring]) => `${code} is declared in ${declaring.join(" and ")}; declare it once`);
}

/** ERC3: a room names only codes of base, of its half, and of halves that its half may import. */
export function checkCodesInReach(files: readonly SourceFile[], rooms: readonly Room[], lists: CodeLists): string[] {
  const reach = new Map<string, Set<string>>();
  for (const { folder, mayImport } of rooms) {
    const targets = reach.get(half(folder)) ?? new Set([half(folder), "base"]);
    for (const target of mayImport) targets.add(half(target));
    reach.set(half(folder), targets);
  }
  const owners = new Map(
    Object.entries(lists).flatMap(([folder, codes]) => Object.keys(codes).map((c) => [c, folder])),
  );
  return files.flatMap((file) => {
    const within = reach.get(half(file.path));
    if (within === undefined || isTest(file.path) || isList(file.path)) return [];
    return [...codesNamedIn(file)].flatMap((code) => {
      const owner = owners.get(code);
      return owner === undefined || within.has(half(owner))
        ? []
        : [
            `${file.path}: ${code} is declared in ${owner}, which ${half(file.path)} may not import; declare it in base`,
          ];
    });
  });
}

/** Each code is raised where it is declared: by base or several halves if it is in base's list, otherwise by its own half. */
export function checkCodesRaised(files: readonly SourceFile[], lists: CodeLists): string[] {
  const raisers = new Map<string, Set<string>>();
  for (const file of files) {
    if (isTest(file.path) || isList(file.path)) continue;
    for (const code of codesNamedIn(file)) raisers.set(code, (raisers.get(code) ?? new Set()).add(half(file.path)));
  }
  return Object.entries(lists).flatMap(([folder, codes]) =>
    Object.keys(codes).flatMap((code) => {
      const halves = raisers.get(code) ?? new Set();
      const isRaised = halves.has(half(folder)) || (folder === "base" && halves.size > 1);
      return isRaised ? [] : [`${code} is declared in ${folder}, and raised by ${[...halves].join(", ") || "nobody"}`];
    }),
  );
}

/** Words of the form of a code that are a whole string, or the key of a table. */
function codesNamedIn({ text }: SourceFile): Set<string> {
  const { code, strings } = splitSource(text);
  const keys = [...code.matchAll(/\b([A-Z][A-Z_]+):/g)].map(([, key]) => key as string);
  return new Set([...strings, ...keys]);
}
