import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mysqlError, troubleOf } from "./mysql-error.ts";
import { checkServer } from "./options.ts";

const failure = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`it says ${code}`), { code, ...more });

describe("errors of MySQL", () => {
  it("are told apart by what helps: a restart, or a person", () => {
    const troubles = {
      ECONNREFUSED: "away",
      ER_CONNECTION_KILLED: "away",
      ER_LOCK_DEADLOCK: "busy",
      ER_DISK_FULL: "busy",
      ER_ACCESS_DENIED_ERROR: "denied",
      ER_BAD_FIELD_ERROR: "wrong",
      ER_DUP_ENTRY: "wrong",
    };
    for (const [code, trouble] of Object.entries(troubles)) assert.equal(troubleOf(failure(code)), trouble, code);
    assert.equal(troubleOf(Object.assign(new Error("the connection is in closed state"), { fatal: true })), "away");
  });

  it("MYE1: name the server and never the password; only what no restart mends is terminal", () => {
    const where = { who: "sink words", server: checkServer("mysql", "mysql://ann:secret@db:3307/words") };
    const denied = mysqlError(where, "connect", failure("ER_ACCESS_DENIED_ERROR"));
    assert.equal(
      denied.message,
      "sink words: could not connect at ann@db:3307/words: it says ER_ACCESS_DENIED_ERROR; check the user, its password and its rights on the database",
    );
    assert.equal(denied.destiny, "terminal");
    assert.equal(mysqlError(where, "commit", failure("ECONNRESET")).destiny, "retry");
    assert.equal(mysqlError(where, "commit", failure("ER_DISK_FULL")).destiny, "retry");
  });
});
