/**
 * Owns: `streamjob run <manifest…>`: the control plane of the home folder, or a cluster; the manifests kept applied, the story, and the end.
 *
 * RM1 A save is applied as a whole or not at all: with a mistake in any file nothing is sent, and the jobs go on.
 * RM2 Nothing is deleted because it is no longer written anywhere: a line says how.
 * RM3 The first SIGINT, SIGTERM or SIGHUP ends the processes in order and leaves the jobs as they are; the second ends them at once.
 * RM4 It ends by itself when its jobs have ended: with 1 when one FAILED with nobody to start it again, else with 0.
 * RM5 The control plane in this process serves others too: while a job that another command brought runs in it, it stays, and says so
 *     before. Its exit code is that of its own jobs.
 * RM6 A save is answered each time: with what was applied, or with why nothing was.
 * RM7 A cluster's jobs outlive the command: its end says how they are deleted. With `--rm` it deletes what it created, and nothing that was there.
 */
import type { StreamJob } from "../../crds/index.ts";
import type { ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { sleep } from "../../base/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { readNamed, refuseProblems } from "./apply-command.ts";
import { type AppliedObject, appliedLine, applyObjects } from "./apply-objects.ts";
import { namespaceFlag } from "./command-context.ts";
import { CreatedObjects } from "./created-objects.ts";
import { JobFollower, sayLine } from "./job-follower.ts";
import { type JoinedPlane, joinControlPlane, joinedCluster, killPlane, lostHomeText } from "./joined-plane.ts";
import type { JobCommand } from "./manifest-command.ts";
import type { ManifestObject, ManifestSet } from "./manifest-set.ts";
import type { OpenCluster } from "./open-control-plane.ts";
import { withCheckedScripts } from "./manifest-scripts.ts";
import { runManifestSet, runSources } from "./run-sources.ts";
import { SettledSources } from "./settled-sources.ts";
import { type ManifestProblem, problemLine } from "./manifest-text.ts";
import { listAll } from "./named-objects.ts";
import { PodOutput } from "./pod-output.ts";
import { endOf, type JobEnd, needsControlPlane } from "./run-verdict.ts";
import { followManifests, followModules } from "./saved-files.ts";
import { Signals } from "../terminal/signals.ts";

const PLANE_LOOK_MS = 1000;
const LAST_LOOK_MS = 300;

type Ending =
  | { readonly kind: "ended"; readonly ends: readonly JobEnd[] }
  | { readonly kind: "signal"; readonly signal: NodeJS.Signals }
  | { readonly kind: "lost" };

type OwnJob = { readonly key: ObjectKey; readonly manifest: ManifestObject; uid: string; generation: number };

/** Errors: MANIFEST_INVALID before anything is started; those of `startControlPlane`. */
export async function runManifestsCommand(
  home: HomeFolder,
  terminal: Terminal,
  command: JobCommand<"runManifests">,
): Promise<ExitCode> {
  const first = await readNamed(terminal, command.sources, command.namespace, true);
  const signalled = new Signals(terminal.clock);
  try {
    const plane = await joinControlPlane(home, terminal);
    return await new ManifestRun({ terminal, command, plane, signalled, home: home.root }).run(first);
  } finally {
    signalled.stop();
  }
}

/** On a cluster. Errors: MANIFEST_INVALID, and ApiError for a right that is missing, before anything is sent. */
export async function runInCluster(
  opened: OpenCluster,
  terminal: Terminal,
  command: JobCommand<"runManifests">,
): Promise<ExitCode> {
  const { api } = opened;
  const first =
    command.inline === undefined
      ? await readNamed(terminal, command.sources, command.namespace, false)
      : await withCheckedScripts(runManifestSet(runSources(command), command, false));
  refuseProblems(first.problems, false);
  const [only = null, another] = new Set(first.objects.map(({ namespace }) => namespace));
  const scope = another === undefined ? only : null;
  // What cannot be watched would be waited for without a word.
  await Promise.all([listAll(api, "StreamJob", { namespace: scope }), listAll(api, "Event", { namespace: scope })]);
  const signalled = new Signals(terminal.clock);
  try {
    const plane = joinedCluster(opened);
    return await new ManifestRun({ terminal, command, plane, signalled, home: "", scope }).run(first);
  } finally {
    signalled.stop();
  }
}

type RunParts = {
  readonly terminal: Terminal;
  readonly command: JobCommand<"runManifests">;
  readonly plane: JoinedPlane;
  readonly signalled: Signals;
  /** For messages. */
  readonly home: string;
  /** Namespace that is followed. null or absent: all. */
  readonly scope?: string | null;
};

/** One `run`, on a control plane that is there. */
export class ManifestRun {
  readonly #terminal: Terminal;
  readonly #command: JobCommand<"runManifests">;
  readonly #plane: JoinedPlane;
  readonly #signals: Signals;
  readonly #follower: JobFollower;
  readonly #jobs = new Map<string, OwnJob>();
  /** Uids that were seen in the API server: gone means deleted only after that. */
  readonly #seen = new Set<string>();
  #manifests: ReadonlyMap<string, ManifestObject> = new Map();
  /** Other jobs that this control plane stays for, as they were said. */
  readonly #saidOthers = new Set<string>();
  #isStaying = false;
  readonly #isCluster: boolean;
  readonly #scope: string | null;
  readonly #created = new CreatedObjects();
  #output: PodOutput | null = null;
  readonly #home: string;
  readonly #sources: SettledSources;
  #saving: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor({ terminal, command, plane, signalled, home, scope = null }: RunParts) {
    this.#home = home;
    this.#isCluster = plane.pid === null;
    this.#scope = scope;
    this.#sources = new SettledSources(terminal.clock, () => runSources(command));
    this.#terminal = terminal;
    this.#command = command;
    this.#plane = plane;
    this.#signals = signalled;
    this.#follower = new JobFollower({
      api: plane.api,
      terminal,
      namespace: scope,
      isFollowed: (key) => this.#jobs.has(textOf(key)),
    });
  }

  async run(first: ManifestSet): Promise<ExitCode> {
    const plane = this.#plane;
    if (!this.#isCluster)
      this.#say(
        plane.isOwn
          ? "The control plane runs in this process until its jobs have ended; `streamjob up` starts one that keeps running."
          : `The control plane of this home folder runs in process ${plane.pid}; the manifests are sent to it.`,
      );
    for (const manifest of first.objects) this.#adopt(manifest);
    const { clock } = this.#terminal;
    const sayTrouble = (text: string): void => this.#say(text, "warning");
    const files = followManifests(this.#command.sources, clock, () => this.#saved(), sayTrouble);
    const modules = followModules(
      // Modules of a cluster's jobs are in their pods.
      () => (this.#isCluster ? [] : [...this.#jobs.values()]).map(({ manifest }) => manifest.object as StreamJob),
      clock,
      (file, job) => this.#sayModule(file, job),
      sayTrouble,
    );
    this.#signals.onSignal = (count) =>
      count === 1 ? this.#follower.nudge() : void killPlane(this.#terminal, plane, this.#signals);
    try {
      if (!this.#isCluster) await this.#sayOthers();
      await this.#follower.start();
      this.#output = new PodOutput({
        api: plane.api,
        terminal: this.#terminal,
        namespace: this.#scope,
        isFollowed: (key) => this.#jobs.has(textOf(key)),
      });
      await this.#send(first);
      const lookLater = (): void => {
        if (this.#isOver) return;
        this.#follower.nudge();
        this.#terminal.clock.after(PLANE_LOOK_MS, lookLater);
      };
      lookLater();
      const waited = await this.#follower.until(() => this.#ending(), null);
      if (waited.kind === "timeout") return 1;
      return await this.#end(waited.value);
    } catch (error) {
      await plane.stop();
      throw error;
    } finally {
      this.#isOver = true;
      this.#output?.letGo();
      files.stop();
      modules.stop();
      await this.#saving;
    }
  }

  /** null: they go on. */
  #ending(): Ending | null {
    const { received } = this.#signals;
    if (received !== null) return { kind: "signal", signal: received };
    if (!this.#plane.isAlive()) return { kind: "lost" };
    const ends: JobEnd[] = [];
    for (const { key, uid, generation } of this.#jobs.values()) {
      const job = this.#follower.get(key);
      if (job !== null) this.#seen.add(job.metadata.uid ?? "");
      const end = job === null ? (this.#seen.has(uid) ? "deleted" : null) : endOf(job, generation);
      if (end !== null && uid !== "") ends.push(end);
    }
    const others = this.#plane.isOwn ? this.#othersOf(this.#follower.list()) : [];
    for (const name of others) this.#sayOther(name);
    if (ends.length === 0 || ends.length < this.#jobs.size) {
      this.#isStaying = false;
      return null;
    }
    if (others.length === 0) return { kind: "ended", ends };
    this.#sayStaying(others);
    return null;
  }

  /** RM5 */
  #sayOther(name: string): void {
    if (this.#saidOthers.has(name)) return;
    this.#saidOthers.add(name);
    this.#say(`${name} also runs in this control plane, which keeps running until that job has ended, too.`);
  }

  /** RM5 */
  #sayStaying(others: readonly string[]): void {
    if (this.#isStaying) return;
    this.#isStaying = true;
    this.#say(
      `The jobs of this command have ended; the control plane keeps running for ${others.join(", ")}. Ctrl-C stops it: the next control plane continues the jobs.`,
      "warning",
    );
  }

  async #end(ending: Ending): Promise<ExitCode> {
    const plane = this.#plane;
    const again = `streamjob run ${this.#command.sources.join(" ")}`;
    if (ending.kind === "lost") {
      const lost = `The control plane (process ${plane.pid}) has stopped. \`${again}\` starts one, and the jobs continue.`;
      this.#say(plane.isOwn ? lostHomeText(this.#home) : lost, "bad");
      await this.#follower.stop();
      return 1;
    }
    if (ending.kind === "signal") {
      const others = this.#othersOf(this.#follower.list());
      const whose = others.length === 0 ? "" : ` (also those of ${others.join(", ")})`;
      this.#say(
        plane.isOwn
          ? `${ending.signal}: stopping the pods' processes${whose} in order; the jobs stay as they are. A second signal stops them immediately.`
          : `${ending.signal}: ${this.#leaving()}`,
      );
    }
    await this.#output?.stop();
    if (this.#isCluster) await this.#leaveCluster();
    await this.#follower.stop();
    // Who follows from another process sees the end, too.
    if (ending.kind === "ended" && plane.isOwn) await sleep(this.#terminal.clock, LAST_LOOK_MS);
    await plane.stop();
    if (ending.kind === "signal" && this.#command.removes === true) return 0;
    if (ending.kind === "signal") {
      this.#say(
        plane.isOwn
          ? `Stopped. \`${again}\` continues the jobs.`
          : `\`${again}\`${this.#isCluster ? " with the same options" : ""} follows them again.`,
      );
      return 0;
    }
    const failed = ending.ends.filter((end) => end === "failed").length;
    const count = `${ending.ends.length} job${ending.ends.length === 1 ? "" : "s"}`;
    this.#say(
      failed === 0 ? `${count} ended.` : `${count} ended, ${failed} of them FAILED.`,
      failed === 0 ? "good" : "bad",
    );
    return failed === 0 ? 0 : 1;
  }

  #leaving(): string {
    if (this.#command.removes === true)
      return "deleting what this command created; a second signal ends the command without waiting for that.";
    return `the jobs keep running in ${this.#isCluster ? "the cluster" : `process ${this.#plane.pid}`}.`;
  }

  /** RM7 */
  async #leaveCluster(): Promise<void> {
    const jobs = [...this.#jobs.values()].filter(({ key }) => this.#follower.get(key) !== null);
    if (this.#command.removes === true) {
      const made = this.#created.keys("StreamJob");
      await this.#created.remove(this.#plane.api, (text) => this.#say(text));
      // It ends when the operator has carried that out; a second signal ends the command alone.
      await this.#follower.until(() => (made.every((key) => this.#follower.get(key) === null) ? {} : null), null);
      if (made.length > 0) this.#say("What this command created is deleted.", "good");
      return;
    }
    for (const { key } of jobs) {
      this.#say(`${key.name} stays: \`streamjob delete ${key.name}${namespaceFlag(key.namespace)}\` deletes it.`);
    }
  }

  #adopt(manifest: ManifestObject): void {
    if (manifest.kind !== "StreamJob") return;
    const { namespace, name } = manifest;
    const key = { namespace, name };
    const known = this.#jobs.get(textOf(key));
    this.#jobs.set(textOf(key), { key, manifest, uid: known?.uid ?? "", generation: known?.generation ?? 0 });
  }

  #othersOf(jobs: readonly StreamJob[]): string[] {
    return jobs
      .filter((job) => !this.#jobs.has(textOf(job.metadata)) && needsControlPlane(job))
      .map(({ metadata }) => metadata.name);
  }

  async #sayOthers(): Promise<void> {
    const others = this.#othersOf(await listAll(this.#plane.api, "StreamJob", { namespace: null }));
    if (others.length === 0) return;
    for (const name of others) this.#saidOthers.add(name);
    const stays = this.#plane.isOwn ? " The control plane keeps running until they have ended, too." : "";
    this.#say(`Also in this home folder: ${others.join(", ")}; \`streamjob get\` shows them.${stays}`);
  }

  async #send(set: ManifestSet): Promise<void> {
    for (const manifest of set.objects) this.#adopt(manifest);
    const { applied, problems } = await applyObjects(this.#plane.api, set.objects, this.#terminal);
    for (const each of applied) this.#noteApplied(each);
    this.#sayProblems(problems, applied.length > 0);
    if (problems.length > 0) return;
    const now = new Map(set.objects.map((manifest) => [`${manifest.kind} ${textOf(manifest)}`, manifest]));
    for (const [id, manifest] of this.#manifests) if (!now.has(id)) this.#sayRemoved(manifest);
    this.#manifests = now;
    this.#follower.nudge();
  }

  #noteApplied(each: AppliedObject): void {
    const own = this.#jobs.get(textOf(each.manifest));
    const { uid = "", generation = 0 } = each.object.metadata;
    if (own !== undefined && each.manifest.kind === "StreamJob") Object.assign(own, { uid, generation });
    if (each.outcome === "created") this.#created.note(each.manifest, uid);
    this.#say(appliedLine(each), each.outcome === "unchanged" ? "dim" : "normal");
  }

  /** RM2 */
  #sayRemoved({ kind, namespace, name, file }: ManifestObject): void {
    const what = kind === "StreamJob" ? name : kind === "StreamJobSnapshot" ? `snapshot ${name}` : null;
    const how = what === null ? "" : `: \`streamjob delete ${what}${namespaceFlag(namespace)}\` does`;
    this.#say(`${kind.toLowerCase()}/${name} is no longer in ${file}; it is not deleted${how}.`, "warning");
  }

  #sayProblems(problems: readonly ManifestProblem[], isPartlyDone: boolean): void {
    const lines = problems.map(problemLine);
    for (const line of lines) this.#say(line, "bad");
    if (lines.length > 0)
      this.#say(
        `${isPartlyDone ? "The rest was not" : "Nothing was"} applied; the jobs keep running unchanged.`,
        "bad",
      );
  }

  /** Code is no part of a manifest: that it was saved changes nothing by itself, and the person has to know. */
  #sayModule(file: string, { metadata: { namespace, name } }: StreamJob): void {
    const how = `\`streamjob restart ${name}${namespaceFlag(namespace)}\` restarts the job with it, with its state`;
    this.#follower.say(
      { namespace, name },
      {
        tone: "normal",
        text: `${file}, which is code of the job, has changed: only pods that start from now on run it; ${how}`,
      },
    );
  }

  /** One save after the other. */
  #saved(): void {
    this.#saving = this.#saving.then(async () => {
      try {
        await this.#applySaved();
      } catch (error) {
        this.#say(`the manifests could not be applied: ${(error as Error).message}; save again to retry`, "bad");
      }
    });
  }

  /** RM1, RM6 */
  async #applySaved(): Promise<void> {
    const read = await this.#sources.read((sources) => runManifestSet(sources, this.#command, !this.#isCluster));
    const set = await withCheckedScripts(read);
    if (this.#isOver) return;
    const outside = this.#scope === null ? undefined : set.objects.find(({ namespace }) => namespace !== this.#scope);
    if (outside !== undefined) {
      const message = `is of namespace ${outside.namespace}, and this command follows ${this.#scope}: run it again to follow both`;
      return this.#sayProblems([outside.problem("metadata.namespace", message)], false);
    }
    if (set.problems.length > 0) return this.#sayProblems(set.problems, false);
    for (const warning of set.warnings) this.#say(problemLine(warning), "warning");
    await this.#send({ ...set, objects: [...set.objects, ...this.#fromStdin()] });
  }

  #fromStdin(): ManifestObject[] {
    return [...this.#manifests.values()].filter(({ file }) => file === "stdin");
  }

  #say(text: string, tone?: Parameters<typeof sayLine>[2]): void {
    sayLine(this.#terminal, text, tone);
  }
}

const textOf = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`;
