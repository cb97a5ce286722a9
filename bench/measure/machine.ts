/**
 * Owns: what the machine is and how busy it is: before, during and after a measurement.
 * Called by: run.ts (the lines around an answer), the questions (the share of others in each run).
 *
 * MAC1 "Others" are processor time that was used by neither this process nor its ended children, time stolen by neighbours of
 *    a virtual machine included. Linux only (/proc); elsewhere it is unknown.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { childrenSeconds, TICKS_PER_SECOND } from "./processor-time.ts";

/** One-minute load, per core, above which others were busy before the measurement began. */
const BUSY_LOAD_PER_CORE = 0.25;
/** Share of all cores above which others have disturbed a run. */
const BUSY_SHARE = 0.05;

/** Cores, memory, versions and load averages on one line. */
export function describeMachine(): string {
  const load = loadavg().map((value) => value.toFixed(2));
  const gigabytes = (totalmem() / 2 ** 30).toFixed(1);
  return `${availableParallelism()} cores, ${gigabytes} GiB, Node ${process.versions.node}, load average ${load.join(" ")}`;
}

/** Says on stdout when the load average of the last minute tells of other work; call it before any work of one's own. */
export function warnOfOthers(): void {
  const [lastMinute = 0] = loadavg();
  if (lastMinute <= BUSY_LOAD_PER_CORE * availableParallelism()) return;
  process.stdout.write(
    `WARNING: others were busy before this began (load average ${lastMinute.toFixed(2)} on ${availableParallelism()} cores); ` +
      "rates by the clock will be too low and uneven: trust ratios of pairs and figures per processor second.\n",
  );
}

/** Call at the start of a run; the function it returns gives the share (0 … 1) of all cores that others used since. */
export function watchOthers(): () => number | undefined {
  const start = readUse();
  return () => {
    const end = readUse();
    if (start === undefined || end === undefined) return undefined;
    const all = end.allSeconds - start.allSeconds;
    const others = end.busySeconds - start.busySeconds - (end.ownSeconds - start.ownSeconds);
    return all <= 0 ? undefined : Math.min(1, Math.max(0, others / all));
  };
}

/** A line when others have taken too much of the runs that are told about, else nothing. */
export function warnOfShares(shares: readonly (number | undefined)[]): void {
  const disturbed = shares.filter((share) => share !== undefined && share > BUSY_SHARE).length;
  if (disturbed === 0) return;
  process.stdout.write(
    `WARNING: in ${disturbed} of ${shares.length} runs others took more than ${BUSY_SHARE * 100} % of the machine's cores.\n`,
  );
}

/** `12 %`, or `-` where it is unknown. */
export function shareText(share: number | undefined): string {
  return share === undefined ? "-" : `${(share * 100).toFixed(0)} %`;
}

type Use = { readonly allSeconds: number; readonly busySeconds: number; readonly ownSeconds: number };

function readUse(): Use | undefined {
  const children = childrenSeconds();
  if (children === undefined) return undefined;
  const cpuLine = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] as string;
  // user nice system idle iowait irq softirq steal; what guests used is in user already.
  const ticks = cpuLine.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  const { user, system } = process.cpuUsage();
  return {
    allSeconds: all / TICKS_PER_SECOND,
    busySeconds: (all - idle) / TICKS_PER_SECOND,
    ownSeconds: children + (user + system) / 1e6,
  };
}
