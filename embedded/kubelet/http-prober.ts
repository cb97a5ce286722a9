/**
 * Owns: asking a container by HTTP whether it is ready, or alive, as a probe of its spec says.
 * Called by: pod-worker.ts.
 *
 * HTP1 Until the first success it is asked often, whatever the spec says of periods and initial delays: nobody else waits for this
 *     machine, and a job's start is waited for. From then on by `periodSeconds`.
 * HTP2 Good is a status of 200 to 399 within `timeoutSeconds`. One success makes it good, `failureThreshold` failures in a row bad.
 * HTP3 A path that no request can have (a space, a line end) is a bad answer.
 */
import { type ClientRequest, get } from "node:http";
import type { Clock, Timer } from "../../base/index.ts";
import type { Container } from "../../operator/kubernetes/api/index.ts";

type Probe = NonNullable<Container["readinessProbe"]>;

export type ProbeTarget = {
  readonly probe: Probe;
  /** Of 127.0.0.1 */
  readonly hostPort: number;
  readonly path: string;
};

const FIRST_PERIOD_MS = 50;
/** A container that takes longer to be ready is asked less often. */
const EAGER_MS = 10_000;
const LATER_PERIOD_MS = 500;

export class HttpProber {
  readonly #target: ProbeTarget;
  readonly #clock: Clock;
  readonly #onChange: (isGood: boolean, message: string) => void;
  readonly #startedMs: number;
  readonly #stopped = new AbortController();
  #isGood: boolean | null = null;
  #failures = 0;
  #timer: Timer | null = null;

  /** `onChange` is told each new verdict; a container that was never good yet is not called bad. */
  constructor(target: ProbeTarget, clock: Clock, onChange: (isGood: boolean, message: string) => void) {
    this.#target = target;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#startedMs = clock.monotonicMs();
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped.abort();
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => {
      this.#ask((failure) => {
        if (this.#stopped.signal.aborted) return;
        this.#take(failure);
        this.#schedule(this.#periodMs());
      });
    });
  }

  #take(failure: string | null): void {
    this.#failures = failure === null ? 0 : this.#failures + 1;
    if (failure === null && this.#isGood !== true) {
      this.#isGood = true;
      this.#onChange(true, "");
    } else if (
      this.#isGood === true &&
      failure !== null &&
      this.#failures >= (this.#target.probe.failureThreshold ?? 3)
    ) {
      this.#isGood = false;
      this.#onChange(false, failure);
    }
  }

  #periodMs(): number {
    const periodMs = (this.#target.probe.periodSeconds ?? 10) * 1000;
    if (this.#isGood !== null) return periodMs;
    const isYoung = this.#clock.monotonicMs() - this.#startedMs < EAGER_MS;
    return Math.min(periodMs, isYoung ? FIRST_PERIOD_MS : LATER_PERIOD_MS);
  }

  /** `onAnswer` is called once. null: a good answer; else what was wrong. */
  #ask(onAnswer: (failure: string | null) => void): void {
    const { probe, hostPort, path } = this.#target;
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    let isDone = false;
    const done = (failure: string | null): void => {
      if (isDone) return;
      isDone = true;
      limit?.cancel();
      onAnswer(failure);
    };
    let limit: Timer | null = null;
    let request: ClientRequest;
    try {
      request = get({ host: "127.0.0.1", port: hostPort, path, agent: false, signal: this.#stopped.signal });
    } catch (error) {
      return done(`GET ${path}: ${(error as Error).message}`); // a path that no request can have
    }
    limit = this.#clock.after(timeoutMs, () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    // `on`: a connection that breaks after the answer is an error too, and no news.
    request.on("error", (error) => done(`GET ${path}: ${error.message}`));
    request.once("response", (response) => {
      response.on("error", () => undefined);
      response.resume();
      const status = response.statusCode ?? 0;
      done(status >= 200 && status < 400 ? null : `GET ${path}: HTTP status ${status}`);
    });
  }
}
