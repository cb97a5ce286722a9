/**
 * Owns: running plans: three calm lives first, whose sameness is the measure, then a life for each plan, several at a time.
 * Called by: operator.test.ts (a sample), `npm run chaos -- operator` (all).
 *
 * SSU1 A plan that never did what it is for is no test: it is tried again, and then counted as failed.
 */
import { createLog, silentLog } from "../../../base/index.ts";
import type { ClusterAccess } from "../../../operator/kubernetes/conformance/index.ts";
import { type Interference, nothing } from "./interference.ts";
import { type Life, LifeRun, type Reference } from "./life.ts";
import type { Plan } from "./plans.ts";
import { commonRemains } from "./remains.ts";
import { openWorld } from "./world.ts";

const CALM_LIVES = 3;
const TRIES = 3;

export type Suite = {
  /** A real API server with a controller manager; null: the embedded one. */
  readonly server: ClusterAccess | null;
  /** Lives at a time. */
  readonly atOnce: number;
  /** Path of the operators' log; null: none. */
  readonly logFile?: string | null;
};

export type Outcome = {
  readonly plan: Plan;
  readonly seconds: number;
  /** null: it ended like a calm life. */
  readonly problem: string | null;
};

/** Calm lives, and what they have in common. */
export async function calmLives(
  suite: Suite,
): Promise<{ readonly lives: readonly Life[]; readonly reference: Reference }> {
  const lives = await Promise.all(Array.from({ length: CALM_LIVES }, () => liveOnce(suite, () => nothing, null)));
  const [life] = lives;
  if (life === undefined) throw new Error("there is no calm life");
  for (const other of lives) {
    if (JSON.stringify(other.savepoints) === JSON.stringify(life.savepoints)) continue;
    throw new Error(`calm lives have ${life.savepoints} and ${other.savepoints} savepoints: they are no measure`);
  }
  const stages = life.remains.map((_, index) => commonRemains(lives.map(({ remains }) => remains[index] ?? new Map())));
  return { lives, reference: { stages, life } };
}

/** Tells of each outcome as it comes. */
export async function runPlans(
  plans: readonly Plan[],
  reference: Reference,
  suite: Suite,
  onOutcome: (outcome: Outcome) => void = () => undefined,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...plans];
  const worker = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      const startedMs = performance.now();
      const problem = await tryPlan(plan, reference, suite);
      const outcome = { plan, seconds: (performance.now() - startedMs) / 1000, problem };
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  };
  await Promise.all(Array.from({ length: suite.atOnce }, worker));
  return outcomes;
}

async function tryPlan(plan: Plan, reference: Reference, suite: Suite): Promise<string | null> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const made: Interference[] = [];
    try {
      const life = await liveOnce(
        suite,
        (clock) => {
          const interference = plan.make(clock);
          made.push(interference);
          return interference;
        },
        reference,
      );
      const { savepoints } = reference.life;
      if (life.savepoints !== savepoints) return `${life.savepoints} savepoints instead of ${savepoints}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    if (made.every((interference) => interference.done() > 0)) return null;
  }
  return `in ${TRIES} lives it never came to what it is for`;
}

async function liveOnce(suite: Suite, make: Plan["make"], reference: Reference | null): Promise<Life> {
  const world = await openWorld(suite.server);
  const { logFile = null } = suite;
  const log = logFile === null ? silentLog : createLog({ process: "operator" }, { file: logFile });
  try {
    return await new LifeRun(
      world,
      make(() => world.clock),
      log,
    ).live(reference);
  } finally {
    await world.close();
  }
}
