/**
 * Owns: a pod's port for health and metrics: what each role says there of itself.
 * Not here: the server (base/endpoint-server.ts), metrics of the job (runtime/rest).
 * Called by: pod-process.ts (starts it first of all), pod-jobmanager.ts, pod-taskmanager.ts.
 *
 * PEN1 It is served before anything is loaded, so that `/livez` tells a process that starts slowly from one that stands still.
 * PEN2 Ready is who can be asked: never a matter of what the job does. Who is about to end is not ready any more.
 * PEN3 Reasons are constant phrases: nothing that a person or a job has written is in them (SEC-24).
 */
import { type Endpoints, startEndpoints, type Verdict } from "../base/endpoints.ts";
import {
  addProcessFigures,
  addThreadFigures,
  type Log,
  MetricsPage,
  observeThread,
  PROMETHEUS_CONTENT_TYPE,
} from "../base/index.ts";

/** What a pod's process says of itself. */
export type PodSources = {
  readonly readiness: () => Verdict;
  readonly health: () => Verdict;
  readonly metrics: (page: MetricsPage) => void;
};

export const good = (reason: string): Verdict => ({ isGood: true, reason });
export const bad = (reason: string): Verdict => ({ isGood: false, reason });
const nothingYet: PodSources = {
  readiness: () => bad("the process starts"),
  health: () => good("the process starts"),
  metrics: () => undefined,
};

export class PodEndpoints {
  sources: PodSources = nothingYet;
  isEnding = false;
  readonly #readThread = observeThread();
  #endpoints: Endpoints | null = null;

  /** Errors: PORT_IN_USE. */
  async listen({ host, port }: { readonly host: string; readonly port: number }, log: Log): Promise<void> {
    this.#endpoints = await startEndpoints({
      host,
      port,
      log,
      contentType: PROMETHEUS_CONTENT_TYPE,
      metrics: () => this.#metrics(),
      checks: {
        "/healthz": () => this.sources.health(),
        "/readyz": () => (this.isEnding ? bad("the process is about to end") : this.sources.readiness()),
      },
    });
  }

  async close(): Promise<void> {
    await this.#endpoints?.close();
  }

  #metrics(): string {
    const page = new MetricsPage();
    addProcessFigures(page);
    addThreadFigures(page, "main", this.#readThread());
    this.sources.metrics(page);
    return page.text();
  }
}
