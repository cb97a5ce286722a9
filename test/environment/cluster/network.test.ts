import assert from "node:assert/strict";
import { it } from "node:test";
import { takenRanges } from "./network.ts";

const routes = (...lines: readonly (readonly [network: string, mask: string])[]): string =>
  [
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT",
    ...lines.map(([network, mask]) => `eth0\t${network}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`),
  ].join("\n");

it("a range is taken by a route into it, and by one that holds it, but not by the default route (ECN1)", () => {
  // default, 192.0.2.0/24, 10.150.7.0/24
  const some = takenRanges(routes(["00000000", "00000000"], ["000200C0", "00FFFFFF"], ["0007960A", "00FFFFFF"]));
  assert.deepEqual([149, 150, 151].map(some), [false, true, false]);
  // 10.0.0.0/8
  const all = takenRanges(routes(["0000000A", "000000FF"]));
  assert.deepEqual([130, 249].map(all), [true, true]);
});
