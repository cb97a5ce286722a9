/**
 * Owns: one life under an interference: its operators, one after the other or two at a time, its stages, and what is seen of it.
 *
 * SLI1 A stage is over when what a person asked for has come and all objects are as after a calm life's stage. So a fault that leaves
 *     something behind is found in its own stage.
 * SLI3 Objects are made and deleted as often as in a calm life. Whether a JobManager or a clean-up pod deletes a savepoint's files is left
 *     to who is there when it is due: of a clean-up pod it only counts that each is made and deleted once.
 * SLI2 At the end of the last stage with a job, the operator writes nothing while it looks again and again.
 */
import type { Log } from "../../../base/index.ts";
import { COMPONENT_LABEL } from "../../../crds/index.ts";
import { STORAGE_COMPONENT } from "../../../operator/engine/index.ts";
import type { KubernetesApi } from "../../../operator/kubernetes/api/index.ts";
import { watchedKinds } from "../../../operator/observe/index.ts";
import { phaseOf, shorten } from "../controller/sieve.ts";
import type { Interference } from "./interference.ts";
import { JOB, type Stage, stages } from "./journey.ts";
import type { ApiCall } from "./mutations.ts";
import type { Fate, WatchFilter, WireEvent } from "./proxy.ts";
import { differences, isForeign, readRemains, type Remains } from "./remains.ts";
import { ProxiedOperator } from "./sieved-operator.ts";
import { until, type World } from "./world.ts";

/** What is left and was done, to be compared. */
export type Life = {
  /** One for each stage. */
  readonly remains: readonly Remains[];
  /** `made Pod wc-1-jobmanager-0` and `deleted …` → how often. */
  readonly counts: Readonly<Record<string, number>>;
  readonly savepoints: number;
  /** Distinct, in order. */
  readonly mutations: readonly string[];
  readonly events: readonly SeenEvent[];
  /** All requests to the API server. */
  readonly calls: number;
};

export type SeenEvent = { readonly what: string; readonly isFollowed: boolean };

export type Reference = {
  readonly stages: readonly { readonly fields: Remains; readonly differing: ReadonlySet<string> }[];
  readonly life: Life;
};

export type Between = { readonly stage: string; readonly act: () => Promise<void> };

/** In model time. */
const CALM_MS = 6000;
const QUIET_LOOKS = 2;

export class LifeRun {
  readonly #world: World;
  readonly #interference: Interference;
  readonly #log: Log;
  readonly #operators = new Set<ProxiedOperator>();
  readonly #mutations = new Set<string>();
  readonly #events = new Map<string, string[]>();
  readonly #ends: Promise<void>[] = [];
  #calls = 0;
  #writes = 0;
  #lastWriteMs = 0;
  #isOver = false;

  constructor(world: World, interference: Interference, log: Log) {
    this.#world = world;
    this.#interference = interference;
    this.#log = log;
  }

  /**
   * `reference` null: it is one of those that the reference is made of. `between`: what else is done after a stage.
   * Errors: whatever is not as it is to be, in words.
   */
  async live(reference: Reference | null, between: Between | null = null): Promise<Life> {
    const { api, namespace, clock, jobManagers } = this.#world;
    const counting = await countObjects(api, namespace);
    try {
      for (let count = 0; count < (this.#interference.operators ?? 1); count++) await this.#start();
      const remains: Remains[] = [];
      for (const [index, stage] of stages.entries()) {
        await this.#ask(stage);
        remains.push(await this.#settled(stage, reference?.stages[index] ?? null));
        if (stage.name === between?.stage) await between.act();
        if (stage.name === "resumed") await this.#quiet();
      }
      const wanted = reference?.life.counts ?? null;
      await until(
        clock,
        "objects to be made and deleted as often as in a calm life",
        () => counting.imbalances(wanted).length === 0,
        () => counting.imbalances(wanted).join("\n"),
      );
      const { savepoints } = jobManagers;
      const violations = await jobManagers.finalViolations();
      if (violations.length > 0) throw new Error(violations.join("\n"));
      return {
        remains,
        counts: counting.counts,
        savepoints,
        mutations: [...this.#mutations],
        events: this.#seenEvents(),
        calls: this.#calls,
      };
    } finally {
      this.#isOver = true;
      await counting.stop();
      await Promise.all([...this.#operators].map((operator) => operator.stop()));
      await Promise.all(this.#ends);
    }
  }

  async #ask({ name, ask, isReached }: Stage): Promise<void> {
    const { api, namespace, clock, jobManagers } = this.#world;
    await ask(api, namespace);
    let status = "";
    const said = (): string => `${jobManagers.violations.join("\n")}\n${status}`;
    const reached = async (): Promise<boolean> => {
      const job = await api.get("StreamJob", { namespace, name: JOB });
      status = JSON.stringify(job?.status);
      return isReached(job);
    };
    await until(clock, `the job to be ${name}`, reached, said);
  }

  /** SLI1 */
  async #settled(stage: Stage, wanted: Reference["stages"][number] | null): Promise<Remains> {
    const { api, namespace, clock, jobManagers } = this.#world;
    let remains: Remains = new Map();
    if (wanted === null) {
      const [fromMs, fromLooks] = [clock.monotonicMs(), jobManagers.looks];
      const isCalm = (): boolean =>
        clock.monotonicMs() - Math.max(fromMs, this.#lastWriteMs) > CALM_MS && jobManagers.looks >= fromLooks;
      await until(clock, `calm after the job was ${stage.name}`, isCalm);
      return readRemains(api, namespace);
    }
    let found: string[] = [];
    const isSame = async (): Promise<boolean> => {
      remains = await readRemains(api, namespace);
      found = differences(remains, wanted);
      return found.length === 0;
    };
    await until(
      clock,
      `the objects of a job that is ${stage.name} to be those of a calm life`,
      isSame,
      () => `${found.slice(0, 20).join("\n")}\n${jobManagers.violations.join("\n")}`,
    );
    return remains;
  }

  /** SLI2 */
  async #quiet(): Promise<void> {
    const { clock, jobManagers } = this.#world;
    let [writes, looks] = [this.#writes, jobManagers.looks];
    const isQuiet = (): boolean => {
      if (writes !== this.#writes) [writes, looks] = [this.#writes, jobManagers.looks];
      return jobManagers.looks >= looks + QUIET_LOOKS * (this.#interference.operators ?? 1);
    };
    await until(clock, "looks without a write", isQuiet, () => `the last one: ${[...this.#mutations].at(-1)}`);
  }

  async #start(): Promise<void> {
    const holder: { operator?: ProxiedOperator } = {};
    const onDeath = (): void => {
      this.#ends.push(this.#replace(holder));
    };
    const operator = await ProxiedOperator.start(this.#world, this.#log, {
      number: () => ++this.#calls,
      onCall: (call) => this.#onCall(call),
      onWatch: (call) => this.#onWatch(call),
      onAnswer: () => undefined,
      onJobManagerCall: (mutation) => this.#mutate(mutation),
      onDeath,
    });
    holder.operator = operator;
    this.#operators.add(operator);
  }

  /** The next one begins at once, whatever the dead one's code still does. */
  async #replace(dead: { operator?: ProxiedOperator }): Promise<void> {
    this.#interference.onRestart?.();
    if (!this.#isOver) await this.#start();
    const { operator } = dead;
    if (operator === undefined) return;
    this.#operators.delete(operator);
    await operator.stop();
  }

  #mutate(mutation: string): ReturnType<NonNullable<Interference["onMutation"]>> {
    this.#mutations.add(mutation);
    return this.#interference.onMutation?.(mutation) ?? null;
  }

  async #onCall(call: ApiCall): Promise<Fate> {
    // Who leads renews its lease for ever.
    if (call.method !== "GET" && call.path?.kind !== "Lease") {
      this.#writes++;
      this.#lastWriteMs = this.#world.clock.monotonicMs();
    }
    const fault = call.mutation === null ? null : this.#mutate(call.mutation);
    if (fault !== null) {
      this.#log.info({ fault, mutation: call.mutation }, "sieve: a fault");
      return { kind: fault };
    }
    const fate = (await this.#interference.onCall?.(call, (target) => this.#forward(target))) ?? null;
    if (fate !== null) this.#log.info({ fate: fate.kind, call: `${call.method} ${call.target}` }, "sieve: a call");
    return fate ?? { kind: "pass" };
  }

  #onWatch(call: ApiCall): WatchFilter {
    const filter = this.#interference.onWatch?.(call) ?? ((event, out) => out.send(event));
    return (event, out) => {
      const { uid } = event.object.metadata ?? {};
      if (uid !== undefined && event.type !== "BOOKMARK") {
        const key = `${event.object.kind} ${uid}`;
        this.#events.set(key, [...(this.#events.get(key) ?? []), describeEvent(event)]);
      }
      filter(event, out);
    };
  }

  #seenEvents(): SeenEvent[] {
    return [...this.#events.values()].flatMap((ofObject) =>
      ofObject.map((what, index) => ({ what, isFollowed: index < ofObject.length - 1 })),
    );
  }

  async #forward(target: string): Promise<string> {
    const { url } = this.#world.target;
    const headers = { Authorization: `Bearer ${this.#world.token}` };
    return (await fetch(new URL(target, url), { headers })).text();
  }
}

/** By what of it matters for what comes next. */
export function describeEvent({ type, object }: WireEvent): string {
  const { kind = "", metadata } = object;
  const { deletionTimestamp } = (metadata ?? {}) as { readonly deletionTimestamp?: string };
  const { status } = object as { readonly status?: { readonly phase?: string; readonly readyReplicas?: number } };
  const detail =
    kind === "StreamJob" && status !== undefined
      ? phaseOf(status)
      : [status?.phase, status?.readyReplicas, deletionTimestamp === undefined ? undefined : "deleting"]
          .filter((one) => one !== undefined)
          .join(" ");
  return `${type} ${kind} ${shorten(metadata?.name ?? "")} ${detail}`.trim();
}

type Counting = {
  readonly counts: Readonly<Record<string, number>>;
  /** In words: what was made or deleted another number of times. */
  imbalances(wanted: Readonly<Record<string, number>> | null): readonly string[];
  stop(): Promise<void>;
};

/** SLI3 */
async function countObjects(api: KubernetesApi, namespace: string): Promise<Counting> {
  const counts: Record<string, number> = {};
  const cleanUps = { made: new Map<string, number>(), deleted: new Map<string, number>() };
  const end = new AbortController();
  const watches = watchedKinds.map(async (kind) => {
    const { resourceVersion } = await api.list(kind, { namespace });
    return api.watch(kind, { namespace, resourceVersion, signal: end.signal }, (event) => {
      if (event.type !== "ADDED" && event.type !== "DELETED") return;
      const { name, labels } = event.object.metadata;
      if (isForeign(event.object)) return;
      const verb = event.type === "ADDED" ? "made" : "deleted";
      if (labels?.[COMPONENT_LABEL] === STORAGE_COMPONENT) {
        cleanUps[verb].set(name, (cleanUps[verb].get(name) ?? 0) + 1);
        return;
      }
      const what = `${verb} ${kind} ${shorten(name)}`;
      counts[what] = (counts[what] ?? 0) + 1;
    });
  });
  const imbalances = (wanted: Readonly<Record<string, number>>): string[] => [
    ...[...new Set([...Object.keys(wanted), ...Object.keys(counts)])]
      .filter((what) => (wanted[what] ?? 0) !== (counts[what] ?? 0))
      .map((what) => `${what}: ${counts[what] ?? 0} times instead of ${wanted[what] ?? 0}`),
    ...[...cleanUps.made]
      .filter(([name, times]) => times !== 1 || cleanUps.deleted.get(name) !== 1)
      .map(([name, times]) => `clean-up pod ${name}: made ${times} times, deleted ${cleanUps.deleted.get(name) ?? 0}`),
  ];
  return {
    counts,
    imbalances: (wanted) => (wanted === null ? [] : imbalances(wanted)),
    stop: async () => {
      end.abort(new Error("the life is over"));
      await Promise.all(watches);
    },
  };
}
