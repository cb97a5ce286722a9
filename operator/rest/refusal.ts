/**
 * Owns: how a request of the endpoint is refused: a status and words, in the shape of the REST's errors.
 */

export type RefusalStatus = 400 | 401 | 403 | 404 | 413 | 502 | 503;

export class RestRefusal extends Error {
  readonly status: RefusalStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: RefusalStatus, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "RestRefusal";
    this.status = status;
    this.headers = headers;
  }
}

/** Of what may go by itself. */
export const busy = (what: string): RestRefusal =>
  new RestRefusal(503, `${what}: try again in a second`, { "Retry-After": "1" });
