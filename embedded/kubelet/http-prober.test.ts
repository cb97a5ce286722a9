import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../base/index.ts";
import { HttpProber } from "./http-prober.ts";

test("a path that no request can have is a bad answer each time, and ends nothing (HTP3)", async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hostPort = (server.address() as AddressInfo).port;
  const verdicts: boolean[] = [];
  const odd = new HttpProber({ probe: {}, hostPort, path: "/a b\n" }, systemClock, (isGood) => verdicts.push(isGood));
  // The other one is asked after it, and again and again: that this one was not good by then is told by its silence.
  await new Promise<void>((resolve) => {
    const good = new HttpProber({ probe: {}, hostPort, path: "/a" }, systemClock, () => {
      good.stop();
      resolve();
    });
  });
  odd.stop();
  server.close();
  assert.deepEqual([verdicts, asked], [[], 1]);
});
