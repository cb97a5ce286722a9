/**
 * Owns: looking again and again at which JobManagers let their job run, lost ones too, and whether more than one may.
 *
 * ACS1 First every JobManager is asked, then the stores of those that say `active` are read. What may still run then, by its store,
 *     might run when the last of them answered: a second one is a violation, never a matter of when was looked (STOR1).
 */
import { COMPONENT_LABEL, JOB_MANAGER_COMPONENT } from "../../crds/index.ts";
import { sleep, systemClock } from "../../base/index.ts";
import { type IncarnationMessage, incarnationSchema } from "../../contract/index.ts";
import { NAMESPACE, type Rig } from "./rig.ts";
import { readStoreView } from "./stores.ts";

const SAMPLE_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 1000;
const REST_PORT = 8081;

export class ActivitySampler {
  readonly violations: string[] = [];
  /** Samples in which a JobManager said that it runs. */
  active = 0;
  samples = 0;
  readonly #rig: Rig;
  /** Addresses of JobManagers whose pods were lost. */
  readonly #lost = new Set<string>();
  readonly #loop: Promise<void>;
  #isOver = false;

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#loop = this.#sampleOn();
    this.#loop.catch(() => {}); // told by `close`
  }

  /** To be called before a JobManager's pod is lost: its process is asked on. */
  async alsoAsk(pod: string, incarnation: number): Promise<void> {
    const address = await this.#addressOf(pod, incarnation);
    if (address !== null) this.#lost.add(address);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
  }

  async #sampleOn(): Promise<void> {
    // RIG3
    while (!this.#isOver && !this.#rig.ending.aborted) {
      await this.#sample();
      await sleep(systemClock, SAMPLE_EVERY_MS);
    }
  }

  async #sample(): Promise<void> {
    this.samples++;
    const answers = await Promise.all([...(await this.#addresses())].map(ask));
    const claims = answers.filter((answer) => answer?.phase === "active") as IncarnationMessage[];
    if (claims.length > 0) this.active++;
    const running: string[] = [];
    for (const { jobId, epoch } of claims) {
      const store = await readStoreView(this.#rig.storeFolder(jobId));
      const isFenced = store.fencedBy !== null || store.hasResult || store.epochMax > epoch;
      if (!isFenced) running.push(`${jobId} epoch ${epoch}`);
    }
    if (running.length > 1) this.violations.push(running.join(" and "));
  }

  async #addresses(): Promise<ReadonlySet<string>> {
    const addresses = new Set(this.#lost);
    for (const { metadata } of await this.#rig.pods()) {
      if (metadata.labels?.[COMPONENT_LABEL] !== JOB_MANAGER_COMPONENT) continue;
      const address = await this.#addressOf(metadata.name, Number(metadata.name.split("-").at(-3)));
      if (address !== null) addresses.add(address);
    }
    return addresses;
  }

  #addressOf(pod: string, incarnation: number): Promise<string | null> {
    return this.#rig.cluster.addressOf(`${pod}.wc-${incarnation}.${NAMESPACE}.svc`, REST_PORT);
  }
}

async function ask(address: string): Promise<IncarnationMessage | null> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const response = await fetch(`http://${address}/v1/streamjob/incarnation`, { signal });
    return incarnationSchema.parse(await response.json());
  } catch {
    return null; // it starts, stands still, or is gone
  }
}
