/**
 * Owns: the checks of the architecture, each a pure function from sources to violations in words.
 * Does not own: the declared graph (rooms.ts), reading files (repository.ts).
 * Called by: the tests beside it, once with the repository's sources and once with a planted violation.
 *
 * RUL1  A room imports only rooms it has declared, and nothing that lies outside the rooms; its tests may use the test kit, and
 *     what is declared for them.
 * RUL2  Another room is entered only by its door, `index.ts` or one declared beside it; inside a room anything goes. Tests also
 *     reach another room's files for tests.
 * RUL3  The declared graph has no cycle and no unknown room.
 * RUL4  Every folder where rooms live is a declared room.
 * RUL5  A door has a header comment and exports, nothing else.
 * RUL6  Every declared import is in use.
 * RUL7  Inside a room no file imports itself by way of others. Types do not count: they are gone when the code runs.
 * RUL8  What only tests use is called `x.test-support.ts`, and nothing else is.
 */
import { posix } from "node:path";
import {
  compositionRoots,
  FILE_LINES_MAX,
  forbiddenNames,
  type Room,
  roomParents,
  systemFile,
  testedFolders,
  testKitFolder,
} from "./rooms.ts";
import { type ImportReference, importsOf, splitSource } from "./source-text.ts";

export interface SourceFile {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** RUL1: imports between rooms, and worker entries, follow the declared graph. */
export function checkImportDirections(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  return eachCrossing(files, rooms).flatMap(({ at, isTest, from, to, target }) => {
    if (to === "outside") return [`${at}: ${from.folder} may not import ${target}, which lies outside the rooms`];
    if (from.mayImport.includes(to.folder)) return [];
    if (isTest && from.testsMayImport?.includes(to.folder) === true) return [];
    // The test kit drives whatever is tested; it would be a cycle only if code that ships imported it.
    if (isTest && to.folder === testKitFolder) return [];
    return [
      `${at}: ${from.folder} may not import ${to.folder}; it may import ${from.mayImport.join(", ") || "no room"}`,
    ];
  });
}

/** RUL2: imports between rooms go through a door. A worker entry is a process of its own and needs none. */
export function checkDoors(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  return eachCrossing(files, rooms).flatMap(({ at, isTest, kind, to, target }) => {
    if (to === "outside") return [];
    const [door] = doorsOf(to);
    const isForTests = isTest && target.endsWith(".test-support.ts");
    return kind === "entry" || isForTests || doorsOf(to).includes(target)
      ? []
      : [`${at}: ${target} lies behind the door; import ${door}`];
  });
}

/** RUL6: what is declared is needed; a test alone does not need what is declared for all. */
export function checkDeclaredInUse(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  const used = new Set<string>();
  const usedByTests = new Set<string>();
  for (const { isTest, from, to } of eachCrossing(files, rooms))
    if (to !== "outside") (isTest ? usedByTests : used).add(`${from.folder} → ${to.folder}`);
  return rooms.flatMap(({ folder, mayImport, testsMayImport = [] }) => [
    ...mayImport
      .filter((target) => !used.has(`${folder} → ${target}`))
      .map((target) => `${folder} may import ${target} and does not: take it out of test/architecture/rooms.ts`),
    ...testsMayImport
      .filter((target) => !usedByTests.has(`${folder} → ${target}`))
      .map((target) => `tests of ${folder} may import ${target} and do not: take it out of test/architecture/rooms.ts`),
  ]);
}

/** RUL7: each circle of files, named once by its files. */
export function checkCircles(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  const targets = new Map(
    files
      .filter(({ path }) => roomOf(path, rooms) !== undefined)
      .map((file) => [
        file.path,
        importsIn(file)
          .filter(({ specifier, kind, isTypeOnly }) => kind === "import" && !isTypeOnly && specifier.startsWith("."))
          .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier)),
      ]),
  );
  const circles = new Set<string>();
  const finished = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.add(way.slice(way.indexOf(path)).toSorted().join(" and "));
    if (way.includes(path) || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...way, path]);
    finished.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return [...circles].map((circle) => `${circle} import each other; let one of them be handed what it needs`);
}

/** RUL8: a file in a room that only tests import has the suffix, and code that ships imports no file with it. */
export function checkTestSupport(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  const importers = new Map<string, string[]>();
  for (const file of files) {
    for (const { specifier } of importsIn(file)) {
      if (!specifier.startsWith(".")) continue;
      const target = posix.join(posix.dirname(file.path), specifier);
      importers.set(target, [...(importers.get(target) ?? []), file.path]);
    }
  }
  const ships = (path: string): boolean => roomOf(path, rooms) !== undefined && !isTestFile(path);
  return files
    .filter(({ path }) => {
      const room = roomOf(path, rooms);
      return room !== undefined && !path.endsWith(".test.ts") && !doorsOf(room).includes(path);
    })
    .flatMap(({ path }) => {
      const all = importers.get(path) ?? [];
      const shipped = all.filter(ships);
      if (path.endsWith(".test-support.ts"))
        return shipped.map((importer) => `${importer}: imports ${path}, which is for tests`);
      // A job's module is started by its path.
      const isForTests =
        !path.endsWith("/job.ts") &&
        all.length > 0 &&
        shipped.length === 0 &&
        all.every((importer) => isTestFile(importer));
      return isForTests ? [`${path}: only tests use it; call it ${path.replace(/\.ts$/, ".test-support.ts")}`] : [];
    });
}

const importsRead = new WeakMap<SourceFile, readonly ImportReference[]>();

/** The imports of a file, read once: several checks ask for them. */
function importsIn(file: SourceFile): readonly ImportReference[] {
  const known = importsRead.get(file) ?? importsOf(file.text);
  importsRead.set(file, known);
  return known;
}

const isTestFile = (path: string): boolean => /\.test(?:-support)?\.ts$/.test(path);

const doorsOf = (room: Room): string[] =>
  ["index.ts", ...(room.moreDoors ?? [])].map((name) => `${room.folder}/${name}`);

/** RUL5: doors export and explain, they do not work. */
export function checkDoorContents(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  const doors = new Set(rooms.flatMap(doorsOf));
  return files
    .filter((file) => doors.has(file.path))
    .flatMap((file) => {
      const violations: string[] = [];
      if (!/^\s*\/[/*]/.test(file.text)) violations.push(`${file.path}: a door opens with a header comment`);
      const rest = splitSource(file.text)
        .code.replace(/\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*"\d+"\s*;?/g, "")
        .trim();
      if (rest !== "")
        violations.push(`${file.path}: a door holds only exports from other files, not: ${firstLine(rest)}`);
      return violations;
    });
}

/** RUL3: every declared target is declared itself, and following targets never comes back. */
export function checkDeclaredGraph(rooms: readonly Room[]): string[] {
  const byFolder = new Map(rooms.map((room) => [room.folder, room]));
  const violations: string[] = [];
  const finished = new Set<string>();
  const visit = (folder: string, path: readonly string[]): void => {
    if (path.includes(folder)) {
      violations.push(`a cycle of rooms: ${[...path.slice(path.indexOf(folder)), folder].join(" → ")}`);
      return;
    }
    const room = byFolder.get(folder);
    if (room === undefined) violations.push(`${path.at(-1)} may import ${folder}, which is not declared`);
    if (room === undefined || finished.has(folder)) return;
    for (const target of room.mayImport) visit(target, [...path, folder]);
    finished.add(folder);
  };
  for (const room of rooms) visit(room.folder, []);
  return violations;
}

/** RUL4: no folder and no loose file where only declared rooms may be. */
export function checkRoomsDeclared(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  const declared = new Set(rooms.map((room) => room.folder));
  const undeclared = new Set<string>();
  for (const { path } of files) {
    const folder = posix.dirname(path);
    if (roomParents.includes(folder) && !declared.has(folder)) {
      undeclared.add(`${path}: lies in no room; move it into one`);
      continue;
    }
    const parent = roomParents.filter((each) => path.startsWith(`${each}/`)).toSorted((a, b) => b.length - a.length)[0];
    if (parent === undefined) continue;
    const child = `${parent}/${path.slice(parent.length + 1).split("/")[0]}`;
    if (!declared.has(child)) undeclared.add(`${child}: is not declared in test/architecture/rooms.ts`);
  }
  return [...undeclared];
}

/** No file or folder whose name says nothing. */
export function checkNames(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path }) => {
    const names = path.split("/").map((segment) => segment.split(".")[0] ?? segment);
    const bad = names.filter((name) => forbiddenNames.includes(name));
    return bad.length === 0
      ? []
      : [`${path}: "${bad.join('", "')}" says nothing about what is inside; name it after that`];
  });
}

/** No file that is too long to be read at once. */
export function checkLengths(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    return lines > FILE_LINES_MAX ? [`${path}: ${lines} lines; split it, ${FILE_LINES_MAX} is the most`] : [];
  });
}

/** What only its class may touch has a name with `#`, which holds at run time, too; `private` is for constructors. */
export function checkPrivateMembers(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.endsWith(".ts"))
    .flatMap(({ path, text }) =>
      splitSource(text)
        .code.split("\n")
        .flatMap((line, index) =>
          /^\s*(?:static\s+)?private\s+(?!constructor\b)/.test(line)
            ? [`${path}:${index + 1}: a private member is written with #, not with private`]
            : [],
        ),
    );
}

/** Unit tests lie beside the code they test, and no test lies where `npm test` does not look. */
export function checkTestPlaces(files: readonly SourceFile[]): string[] {
  const isTest = (path: string): boolean => path.endsWith(".test.ts");
  const withCode = new Set(files.filter(({ path }) => !isTest(path)).map(({ path }) => posix.dirname(path)));
  return files
    .filter(({ path }) => isTest(path))
    .flatMap(({ path }) => {
      const [top = "", ...inside] = path.split("/");
      if (!testedFolders.includes(top))
        return [`${path}: npm test does not look here; it looks in ${testedFolders.join(", ")}`];
      if (top === "test")
        return inside.length >= 2 ? [] : [`${path}: belongs into a folder of test/, which is its group`];
      const folder = posix.dirname(path);
      const isTestFolder = /(^|\/)(?:tests?|__tests__|specs?)(\/|$)/.test(folder);
      return isTestFolder || !withCode.has(folder) ? [`${path}: lies beside no code; move it to what it tests`] : [];
    });
}

/** What only base/system.ts may touch, with what to use instead. */
const realWorld: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/, "Date.now: take a Clock"],
  [/\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()|(?<![\w$.]|new\s)Date\s*\(/, "the present as a Date: take a Clock"],
  [/\bperformance\s*\.\s*now\b/, "performance.now: take a Clock"],
  [/\bhrtime\b/, "process.hrtime: take a Clock"],
  [/\bMath\s*\.\s*random\b/, "Math.random: take a Random"],
  [/(?<!\.\s*)\b(?:randomUUID|randomBytes|randomInt|getRandomValues)\b/, "real randomness: take a Random"],
  [/\bcrypto\s*\.\s*(?:randomUUID|randomBytes|randomInt|getRandomValues)\b/, "real randomness: take a Random"],
  [/(?<!(?<!globalThis)\.\s*)\bset(?:Timeout|Interval|Immediate)\b\s*\(/, "a real timer: take a Clock"],
  [/\bprocess\s*\.\s*env\b/, "process.env: have it passed in, or read it by the door of base"],
];

/** Only one file touches real time, real randomness and the environment, so that all else can be run by a test's clock. */
export function checkRealWorld(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  return files
    .filter(({ path }) => roomOf(path, rooms) !== undefined && path !== systemFile && !path.endsWith(".test.ts"))
    .flatMap(({ path, text }) =>
      splitSource(text)
        .code.split("\n")
        .flatMap((line, index) =>
          realWorld.filter(([token]) => token.test(line)).map(([, advice]) => `${path}:${index + 1}: ${advice}`),
        ),
    );
}

interface Crossing {
  /** File and line, for messages. */
  readonly at: string;
  readonly isTest: boolean;
  readonly kind: "import" | "entry";
  readonly from: Room;
  readonly to: Room | "outside";
  /** The imported file. */
  readonly target: string;
}

/** Every import of code that leaves its room. */
function eachCrossing(files: readonly SourceFile[], rooms: readonly Room[]): Crossing[] {
  return files.flatMap((file) => {
    const from = roomOf(file.path, rooms);
    if (from === undefined) return [];
    return importsIn(file).flatMap(({ specifier, kind, line }) => {
      if (!specifier.startsWith(".") || !/\.(?:ts|tsx|mjs|js)$/.test(specifier)) return [];
      const target = posix.join(posix.dirname(file.path), specifier);
      const to = roomOf(target, rooms) ?? "outside";
      if (to !== "outside" && to.folder === from.folder) return [];
      return [{ at: `${file.path}:${line}`, isTest: isTestFile(file.path), kind, from, to, target }];
    });
  });
}

/** The room a path lies in, or undefined outside the rooms and for composition roots. */
function roomOf(path: string, rooms: readonly Room[]): Room | undefined {
  const lies = (folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return compositionRoots.some(lies) ? undefined : rooms.find((room) => lies(room.folder));
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
