/**
 * Owns: the shell commands of the pages about clusters: which there are, and who runs each.
 * Called by: page-commands.test.ts.
 *
 * PCM1 Every command of a page is for a cluster and there as it is written, but for those that are named here with who runs them instead.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../tools/find-node.mjs";

export type PageCommand = {
  /** The heading above it. */
  readonly section: string;
  /** As bash takes it: continued lines, and a here-document with it. */
  readonly text: string;
};

/** All pages of docs/ with commands for a cluster. */
export const clusterPages = [
  "docs/install.md",
  "docs/first-job-on-kubernetes.md",
  "docs/upgrading.md",
  "docs/gitops.md",
  "docs/operations.md",
  "docs/storage.md",
  "docs/cli.md",
  "docs/image.md",
] as const;
export type ClusterPage = (typeof clusterPages)[number];

/** Where a command is not run on the cluster: a page, how its commands begin, and what is done with them instead. */
type Elsewhere = {
  readonly page: ClusterPage;
  readonly begins: string;
  /** `parse`: the command line takes it. */
  readonly how: "parse" | "other";
  readonly why: string;
};

/** They need an endpoint that is off by default, and an account. */
const TOKENS = "test/kubernetes/rest-tokens.test.ts asks that endpoint with tokens";

const elsewhere: readonly Elsewhere[] = [
  { page: "docs/operations.md", begins: "kubectl create token ", how: "other", why: TOKENS },
  { page: "docs/operations.md", begins: "kubectl get configmap streamjob-operator-rest-ca", how: "other", why: TOKENS },
  { page: "docs/operations.md", begins: "kubectl port-forward ", how: "other", why: TOKENS },
  { page: "docs/operations.md", begins: "curl ", how: "other", why: TOKENS },
  { page: "docs/operations.md", begins: "bin/streamjob ", how: "parse", why: "on a laptop: test/e2e runs it" },
  {
    page: "docs/storage.md",
    begins: "streamjob ",
    how: "parse",
    why: "on a laptop: test/s3 runs jobs with these options",
  },
  { page: "docs/storage.md", begins: "export AWS_", how: "other", why: "variables of the next command" },
  { page: "docs/cli.md", begins: "streamjob ", how: "parse", why: "on a laptop: test/e2e, or the commands' own tests" },
  { page: "docs/image.md", begins: "npm run ", how: "other", why: "test/package and test/image" },
  { page: "docs/image.md", begins: "docker ", how: "other", why: "test/image builds with what the machine has" },
];

/** A command that goes on, and the line with which its here-document ends. */
type Open = { readonly text: string; readonly end: string | null } | null;

/** In order. */
export function commandsOf(page: string): PageCommand[] {
  const commands: PageCommand[] = [];
  let section = "";
  let isShell = false;
  let open = null as Open;
  for (const line of readFileSync(join(repositoryRoot, page), "utf8").split("\n")) {
    if (!isShell) {
      section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
      isShell = line === "```sh";
      continue;
    }
    if (line === "```") {
      if (open !== null) throw new Error(`${page}, ${section}: the block ends within a command: ${open.text}`);
      isShell = false;
      continue;
    }
    const bare: string = open === null ? line.replace(/\s+#\s.*$/, "") : line;
    if (open === null && (bare.trim() === "" || bare.startsWith("#"))) continue;
    const text: string = open === null ? bare : `${open.text}\n${bare}`;
    const end: string | null = open?.end ?? /<<'?(\w+)'?/.exec(bare)?.[1] ?? null;
    const isOver: boolean = end === null ? !bare.endsWith("\\") : bare === end;
    if (isOver) commands.push({ section, text });
    open = isOver ? null : { text, end };
  }
  return commands;
}

/** PCM1. Null: on the cluster. */
export function elsewhereOf(page: ClusterPage, { text }: PageCommand): Elsewhere | null {
  return elsewhere.find((one) => one.page === page && text.startsWith(one.begins)) ?? null;
}

/** Those that the cluster runs. */
export const onCluster = (page: ClusterPage): PageCommand[] =>
  commandsOf(page).filter((command) => elsewhereOf(page, command) === null);

/** Each of the list above is there for something. */
export function unusedExceptions(): Elsewhere[] {
  return elsewhere.filter((one) => !commandsOf(one.page).some((command) => elsewhereOf(one.page, command) === one));
}
