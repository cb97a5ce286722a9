/**
 * Owns: the controller's metrics: their names, labels and help. Values are counted by those who know them.
 * Served by: base/endpoint-server.ts.
 *
 * MET1 Labels have few values: verbs, kinds, outcomes, phases. Never an object's name.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

const PREFIX = "streamjob_operator_";
const RECONCILE_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OPERATION_BUCKETS_S = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600];

/** What is asked when the metrics are read, not counted. */
export type MeasuredState = {
  readonly queueDepth: number;
  readonly queueDelayed: number;
  readonly queueFailing: number;
  readonly longestReconcileMs: number;
  readonly isLeader: boolean;
  readonly jobsByPhase: ReadonlyMap<string, number>;
  readonly objectsByKind: ReadonlyMap<string, number>;
};

export type ControllerMetrics = {
  readonly registry: Registry;
  readonly reconciles: Histogram<"outcome">;
  readonly retries: Counter;
  readonly actions: Counter<"action" | "outcome">;
  readonly apiRequests: Counter<"verb" | "kind" | "outcome">;
  readonly jobManagerCalls: Counter<"call" | "outcome">;
  readonly operations: Histogram<"kind">;
  readonly switches: Histogram;
};

export function createMetrics(state: () => MeasuredState): ControllerMetrics {
  const registry = new Registry();
  const registers = [registry];
  gauges(registry, state);
  return {
    registry,
    reconciles: new Histogram({
      name: `${PREFIX}reconcile_seconds`,
      help: "Duration of one reconcile of a StreamJob with its actions, by outcome.",
      labelNames: ["outcome"],
      buckets: RECONCILE_BUCKETS_S,
      registers,
    }),
    retries: new Counter({
      name: `${PREFIX}reconcile_retries_total`,
      help: "Reconciles that are repeated because one failed or was outdated.",
      registers,
    }),
    actions: new Counter({
      name: `${PREFIX}actions_total`,
      help: "Writes and calls of reconciles, by action and outcome.",
      labelNames: ["action", "outcome"],
      registers,
    }),
    apiRequests: new Counter({
      name: `${PREFIX}api_requests_total`,
      help: "Requests to the API server, by verb, kind and outcome (ok, or the reason of the error).",
      labelNames: ["verb", "kind", "outcome"],
      registers,
    }),
    jobManagerCalls: new Counter({
      name: `${PREFIX}jobmanager_calls_total`,
      help: "Calls to JobManagers, by call and outcome (answer, refused, unreachable).",
      labelNames: ["call", "outcome"],
      registers,
    }),
    operations: new Histogram({
      name: `${PREFIX}operation_seconds`,
      help: "Duration of operations (deploy, upgrade, …), from start to end.",
      labelNames: ["kind"],
      buckets: OPERATION_BUCKETS_S,
      registers,
    }),
    switches: new Histogram({
      name: `${PREFIX}switch_seconds`,
      help: "Downtime of upgrades as the operator sees it: from when it knows that the old job has stopped until the new one is activated.",
      buckets: OPERATION_BUCKETS_S,
      registers,
    }),
  };
}

function gauges(registry: Registry, state: () => MeasuredState): void {
  const gauge = (name: string, help: string, value: (state: MeasuredState) => number): void => {
    // It registers itself.
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value(state()));
      },
    });
  };
  const gaugeBy = <L extends string>(
    name: string,
    help: string,
    label: L,
    values: (state: MeasuredState) => ReadonlyMap<string, number>,
  ): void => {
    new Gauge<L>({
      name: `${PREFIX}${name}`,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [key, count] of values(state())) this.set({ [label]: key } as Record<L, string>, count);
      },
    });
  };
  gauge("queue_depth", "StreamJobs that wait for a worker.", ({ queueDepth }) => queueDepth);
  gauge("queue_delayed", "StreamJobs that wait for a later reconcile.", ({ queueDelayed }) => queueDelayed);
  gauge("queue_failing", "StreamJobs whose last reconcile failed.", ({ queueFailing }) => queueFailing);
  gauge("longest_reconcile_seconds", "Age of the oldest reconcile in progress.", (s) => s.longestReconcileMs / 1000);
  gauge("leader", "1 while this process leads.", ({ isLeader }) => (isLeader ? 1 : 0));
  gaugeBy("jobs", "StreamJobs by phase.", "phase", ({ jobsByPhase }) => jobsByPhase);
  gaugeBy("cached_objects", "Objects in the watch caches, by kind.", "kind", ({ objectsByKind }) => objectsByKind);
}
