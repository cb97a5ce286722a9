/**
 * Owns: running a life under operators that are broken by a plan: when one dies, the next starts.
 */
import type { Controller } from "../../../operator/controller/index.ts";
import type { JobManagerApi } from "../../../operator/engine/index.ts";
import { type Rig, type RigOptions, withRig } from "../../promises/rig.ts";
import { live, type Remains } from "./life.ts";
import { type Fault, type FaultPlan, SievedOperator } from "./sieve.ts";
import type { Between } from "./stale-worlds.ts";

export type BrokenLife = {
  readonly remains: Remains;
  /** Every mutation in order, each once. */
  readonly mutations: readonly string[];
  /** Those that a fault was put into. */
  readonly faults: readonly { readonly mutation: string; readonly fault: Fault }[];
};

/** Records a second: the data are not to end before the life hurries them, also when many operators die on a busy machine. */
const RATE = 200;

export type BrokenOptions = {
  readonly plan: FaultPlan;
  /** Further things between operators and the API server or JobManagers, such as stale lists. */
  readonly between?: Between;
  /** How many operators at a time. Default 1. */
  readonly operators?: number;
};

/** Lives a StreamJob's life under broken operators. */
export async function liveBroken(
  name: string,
  { plan, between = {}, operators = 1 }: BrokenOptions,
): Promise<BrokenLife> {
  const mutations = new Set<string>();
  const broken: { mutation: string; fault: Fault }[] = [];
  let remains: Remains | null = null;
  // The operator that is being started: both of its ports are asked for at once.
  let next: SievedOperator | null = null;
  const options: RigOptions = {
    withOperator: false,
    rate: RATE,
    operatorApi: (real) => (next as SievedOperator).kubernetes(between.api?.(real) ?? real),
    operatorJobManagers: (real: JobManagerApi) =>
      (next as SievedOperator).jobManagers(between.jobManagers?.(real) ?? real),
  };
  await withRig(`sieve-${name}`, options, async (rig) => {
    const crew = new Crew(rig, plan, {
      starting: (operator) => (next = operator),
      onMutation: (mutation, fault) => {
        mutations.add(mutation);
        if (fault === null) return;
        broken.push({ mutation, fault });
        rig.workspace.note(`${fault}: ${mutation}`);
      },
    });
    for (let count = 0; count < operators; count++) await crew.start();
    try {
      remains = await live(rig);
    } finally {
      await crew.stop();
    }
  });
  if (remains === null) throw new Error("the life ended without remains");
  return { remains, mutations: [...mutations], faults: broken };
}

type CrewEvents = {
  readonly starting: (operator: SievedOperator) => void;
  readonly onMutation: (mutation: string, fault: Fault | null) => void;
};

class Crew {
  readonly #rig: Rig;
  readonly #plan: FaultPlan;
  readonly #events: CrewEvents;
  readonly #controllers = new Set<Controller>();
  #changes: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(rig: Rig, plan: FaultPlan, events: CrewEvents) {
    this.#rig = rig;
    this.#plan = plan;
    this.#events = events;
  }

  async start(): Promise<void> {
    let controller: Controller | null = null;
    const operator = new SievedOperator({
      plan: this.#plan,
      onMutation: this.#events.onMutation,
      onDeath: () => {
        this.#changes = this.#changes.then(() => this.#replace(controller));
      },
    });
    this.#events.starting(operator);
    controller = await this.#rig.cluster.startOperator();
    this.#controllers.add(controller);
  }

  async #replace(dead: Controller | null): Promise<void> {
    if (dead !== null) {
      this.#controllers.delete(dead);
      await dead.stop();
    }
    if (!this.#isOver) await this.start();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#changes;
    await Promise.all([...this.#controllers].map((controller) => controller.stop()));
  }
}
