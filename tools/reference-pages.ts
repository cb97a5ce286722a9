/**
 * Owns: the files that are generated (`npm run docs`): docs/errors.md from the lists of error codes, docs/options.md from the table
 * of options, docs/sql-functions.md from the tables of runtime/sql, docs/sql-connectors.md from those of runtime/tables, docs/changes.md, docs/events.md and docs/runbook.md from the lists of operator/reconcile, docs/streamjob-reference.md and the
 * definitions in crds/generated and in the chart from the schemas of crds/, in docs/architecture.md the table of rooms from
 * test/architecture/rooms.ts, and in the chart's README the table of its values.
 * test/architecture fails while one is stale.
 * Does not own: codes, options, fields and their explanations; they live beside the code.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { definitionFiles, renderStreamJobReference } from "../crds/index.ts";
import {
  type ChangeCost,
  changeCosts,
  conditionReasons,
  eventReasons,
  type SpecChange,
  specChecks,
  warningRemedies,
} from "../operator/reconcile/index.ts";
import { describeOptions } from "../runtime/graph/index.ts";
import { describeFunctions } from "../runtime/sql/index.ts";
import { describeConnectors } from "../runtime/tables/index.ts";
import { type Room, rooms } from "../test/architecture/rooms.ts";
import { currentApiPage } from "./api-reference.ts";
import { withValuesTable } from "./chart-readme.ts";
import { errorCodes } from "./error-lists.ts";
import { repositoryRoot } from "./find-node.mjs";

/** The page for all codes: Markdown, codes in alphabetical order, one heading each, so that a code can be linked to. */
export function renderErrorsPage(codes: Readonly<Record<string, string>>): string {
  const lines = [
    "<!-- Generated from the files error-codes.ts of the halves (tools/error-lists.ts) by `npm run docs`; do not edit. -->",
    "",
    "# Errors",
    "",
    "Every error that StreamJob reports carries one of these codes. The message beside it says what happened, where, and what to do.",
  ];
  for (const [code, explanation] of Object.entries(codes).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push("", `## ${code}`, "", explanation);
  }
  return `${lines.join("\n")}\n`;
}

/** The page of the functions of SQL for the tables that `describeFunctions` renders. */
export function renderFunctionsPage(tables: string): string {
  return [
    "<!-- Generated from runtime/sql/validate/functions by `npm run docs`; do not edit. -->",
    "",
    "# Functions of SQL",
    "",
    "What is known by name, in upper or lower case; names and meanings are Flink's. Arguments in brackets may be left out. Operators, CASE, CAST and windows are not in it.",
    "",
    "What is different from Flink, on purpose:",
    "",
    "- A place or length in a text counts characters (code points), also in LPAD, RPAD and OVERLAY: none is cut in two.",
    "- A day that there is not, as in `TO_TIMESTAMP('2026-02-30 00:00:00')`, is NULL; Flink takes the last day of the month, or one of the next.",
    "- A time zone that there is not is an error; Flink takes UTC.",
    "- A path into JSON that cannot be read, and a type that `RETURNING` cannot give, are found when the query is checked, not when a row comes.",
    "- Months are added to a TIMESTAMP_LTZ on the clock of the session's zone, and days, hours and less as they pass. TIMESTAMPADD leaves a DATE a DATE.",
    "- Patterns of regular expressions are JavaScript's, with Java's flags in front, `\\Q…\\E` and classes such as `\\p{Alpha}`; what only Java has cannot be read, and matches nothing.",
    "",
    `${tables.trim()}\n`,
  ].join("\n");
}

/** The page of connectors for what `describeConnectors` renders. */
export function renderConnectorsPage(sections: string): string {
  return [
    "<!-- Generated from runtime/tables by `npm run docs`; do not edit. -->",
    "",
    "# Connectors of SQL",
    "",
    "What a table of SQL is outside: `CREATE TABLE … WITH ('connector' = '…')`. Names of options and their defaults are Flink's, where the meaning is the same. " +
      "An unknown option, one that is missing, and one with a wrong value are errors, with the place and what to write instead.",
    "",
    `${sections.trim()}\n`,
  ].join("\n");
}

/** The page of options for the table that `describeOptions` renders. */
export function renderOptionsPage(table: string): string {
  return [
    "<!-- Generated from settings/ by `npm run docs`; do not edit. -->",
    "",
    "# Options",
    "",
    "Settings of one job. Set them in code with `env.configure({ … })`, in the spec of a StreamJob, which overrides the code, or on the command " +
      "line with `-D option=value`, which overrides the code too. Names in code and in a spec are the same: `checkpoints.retain.count` is " +
      "`checkpoints: { retain: { count: 3 } }`. Options without a field go into `spec.config`.",
    "",
    "A duration is `500 ms`, `10s`, `5 min`, `1.5 h`, `2 d` or `1h30m`, in code and in manifests as here; a number without a unit is milliseconds.",
    "",
    `${table.trim()}\n`,
  ].join("\n");
}

const costMeanings: Readonly<Record<ChangeCost, string>> = {
  none: "nothing is restarted",
  inPlace: "an object beside the pods is changed; the job keeps running",
  rescale: "a new incarnation redistributes the state",
  restart: "a new incarnation runs the same code with other pods or settings",
  savepointUpgrade: "a new incarnation runs other code, or stores its state differently",
};

/** The page of what a change costs: every field of the spec with its cost and the reason, the dearest first. */
export function renderChangesPage(checks: readonly SpecChange[]): string {
  const dearestFirst = checks.toSorted((a, b) => changeCosts.indexOf(b.cost) - changeCosts.indexOf(a.cost));
  return [
    "<!-- Generated from operator/reconcile/facts/spec-changes.ts by `npm run docs`; do not edit. -->",
    "",
    "# What a change of a StreamJob costs",
    "",
    "Two specs are compared with their defaults filled in: spelling out a default, or reordering fields, is not a change. Several changes together cost",
    "as much as the most expensive of them. `streamjob diff` shows the cost of a change before you apply it; the event `UpgradeStarted` names it.",
    "",
    "| cost | what happens |",
    "|---|---|",
    ...changeCosts.toReversed().map((cost) => `| \`${cost}\` | ${costMeanings[cost]} |`),
    "",
    "`rescale`, `restart` and `savepointUpgrade` all follow `spec.upgrade` in the same way: by default the new pods start while the old job runs,",
    "which then stops with a savepoint ([operations.md](operations.md#an-upgrade-step-by-step)). The word says why one is needed.",
    "",
    "| field | cost of a change | why |",
    "|---|---|---|",
    ...dearestFirst.map(({ field, cost, why }) => `| \`spec.${field}\` | \`${cost}\` | ${why} |`),
    "",
  ].join("\n");
}

/** The page of events for the list of their reasons, in the list's order, which is that of a job's life. */
export function renderEventsPage(reasons: Readonly<Record<string, string>>): string {
  return [
    "<!-- Generated from operator/reconcile/status/event-reasons.ts by `npm run docs`; do not edit. -->",
    "",
    "# Events",
    "",
    "The events that the operator records for a StreamJob or a StreamJobSnapshot. The note says what happened, to which generation, and where.",
    "",
    "| reason | means |",
    "|---|---|",
    ...Object.entries(reasons).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`),
    "",
  ].join("\n");
}

const troubles: Readonly<Record<keyof typeof conditionReasons, { readonly title: string; readonly about: string }>> = {
  UpgradeBlocked: {
    title: "UpgradeBlocked is True",
    about:
      "The message of the condition names the place and the reason. In each case the old version keeps running, if it ran before.",
  },
  Stalled: {
    title: "Stalled is True",
    about:
      "The operator waits for you, except where the table says otherwise. `kubectl wait`, Flux and Helm report the job as failed.",
  },
  CheckpointHealthy: {
    title: "CheckpointHealthy is False",
    about:
      "The job keeps running. What it has processed since its last checkpoint would be processed again after a failure.",
  },
};

/** The runbook: for each reason of a condition, and each warning, what it means and what to type. */
export function renderRunbookPage(
  conditions: typeof conditionReasons,
  meanings: typeof eventReasons,
  remedies: typeof warningRemedies,
): string {
  const sections = Object.entries(conditions).flatMap(([condition, reasons]) => {
    const { title, about } = troubles[condition as keyof typeof conditions];
    const rows = Object.entries(reasons).map(([reason, help]) => `| \`${reason}\` | ${help.means} | ${help.remedy} |`);
    return ["", `## ${title}`, "", about, "", "| reason | means | do |", "|---|---|---|", ...rows];
  });
  return [
    "<!-- Generated from condition-reasons.ts and event-reasons.ts in operator/reconcile/status by `npm run docs`; do not edit. -->",
    "",
    "# Runbook",
    "",
    "What to do when a StreamJob called `words` needs you. Look first:",
    "",
    "```sh",
    "streamjob get words                              # Ready, phase, last checkpoint, the step of an upgrade",
    "streamjob describe words                         # conditions with their reasons, pods, exceptions",
    "streamjob events words                           # what the operator did, and why",
    "streamjob logs words taskmanager-0               # a pod's log; --previous: of its container before the last restart",
    "```",
    "",
    "With kubectl: `kubectl get streamjob words`, `kubectl describe streamjob words`, `kubectl get events --field-selector regarding.name=words`.",
    ...sections,
    "",
    "## Warnings",
    "",
    "Events of type Warning. All events are in [events.md](events.md).",
    "",
    "| event | means | do |",
    "|---|---|---|",
    ...Object.entries(remedies).map(
      ([reason, remedy]) => `| \`${reason}\` | ${meanings[reason as keyof typeof meanings]} | ${remedy} |`,
    ),
    "",
  ].join("\n");
}

const ROOMS_BEGIN = "<!-- Generated from test/architecture/rooms.ts by `npm run docs`; do not edit. -->";
const ROOMS_END = "<!-- End of the generated table. -->";

/** The page with its table of rooms, between two marks, written anew. */
export function withRoomTable(page: string, declared: readonly Room[]): string {
  const [before, rest] = [page.slice(0, page.indexOf(ROOMS_BEGIN)), page.slice(page.indexOf(ROOMS_END))];
  if (!page.includes(ROOMS_BEGIN) || !rest.startsWith(ROOMS_END))
    throw new Error(`docs/architecture.md has no line "${ROOMS_BEGIN}" followed by a line "${ROOMS_END}"`);
  const table = [
    "| room | owns | may import |",
    "|---|---|---|",
    ...declared.map(
      ({ folder, owns, mayImport }) =>
        `| \`${folder}/\` | ${owns} | ${mayImport.map((target) => target.replace(/^runtime\//, "")).join(", ") || "–"} |`,
    ),
  ];
  return `${before}${ROOMS_BEGIN}\n\n${table.join("\n")}\n\n${rest}`;
}

const CHART = "helm/streamjob-operator";
const fileText = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

/** Path of each generated file, relative to the repository, with what it has to hold now. */
export function currentPages(): Readonly<Record<string, string>> {
  return {
    "docs/architecture.md": withRoomTable(fileText("docs/architecture.md"), rooms),
    "docs/changes.md": renderChangesPage(specChecks),
    "docs/errors.md": renderErrorsPage(errorCodes),
    "docs/events.md": renderEventsPage(eventReasons),
    "docs/options.md": renderOptionsPage(describeOptions()),
    "docs/runbook.md": renderRunbookPage(conditionReasons, eventReasons, warningRemedies),
    "docs/sql-connectors.md": renderConnectorsPage(describeConnectors()),
    "docs/sql-functions.md": renderFunctionsPage(describeFunctions()),
    "docs/streamjob-reference.md": renderStreamJobReference(),
    ...Object.fromEntries(
      Object.entries(definitionFiles()).flatMap(([name, text]) => [
        [`crds/generated/${name}`, text],
        [`${CHART}/files/crds/${name}`, text],
      ]),
    ),
    [`${CHART}/README.md`]: withValuesTable(
      fileText(`${CHART}/README.md`),
      fileText(`${CHART}/values.schema.json`),
      fileText(`${CHART}/values.yaml`),
    ),
  };
}

// Not import.meta.main: the first releases of Node 24 do not have it.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Last, since it takes seconds: the declarations are compiled.
  for (const [path, text] of Object.entries({ ...currentPages(), "docs/api.md": currentApiPage() })) {
    mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true });
    writeFileSync(join(repositoryRoot, path), text);
    process.stdout.write(`${path}: ${text.split("\n").length} lines\n`);
  }
}
