/**
 * Question: what does a bid cost in a Nexmark query, over columns, over rows, and in Apache Flink?
 *
 * Owns: the peers in turns, the table, the ratios round by round. Not here: the queries, a run of each peer (nexmark/).
 *
 * NXQ1 All peers read the same bids at the same parallelism, with exactly-once checkpoints, in turns (TUR1).
 * NXQ2 A run of a query that passes bids on and saw another number of them is void; a round whose peers differ in what came out fails the bench.
 */
import { warnOfShares } from "./measure/machine.ts";
import { figureText, ratioText, runRound } from "./measure/rounds.ts";
import { grouped, textTable } from "./measure/text-table.ts";
import { findPeers, type Peer, peerNames, type QueryRun, type QueryWork } from "./nexmark/peers.ts";
import { queries } from "./nexmark/queries.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";

const BIDS = 30_000_000;
const RUNS = 3;

export const nexmarkQuestion: Question = {
  summary: "processor time of a bid in Nexmark queries: over columns, over rows, and in Apache Flink, in turns",
  options: [
    `--query <name>      one of ${Object.keys(queries).join(", ")} (default: all)`,
    `--bids <n>          bids for each run (default ${grouped(BIDS)})`,
    `--runs <n>          runs of each peer (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    `--only <peer>       ${peerNames.join(", ")} (default: all in turns)`,
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["query", "bids", "runs", "parallelism", "only"]);
  const bids = wholeNumber(options, "bids", { absent: BIDS, least: 1000, most: 2 ** 31 });
  const parallelism = wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 });
  const runs = wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 });
  const only = oneOf(options, "only", peerNames);
  const query = oneOf(options, "query", Object.keys(queries));
  const { peers, missing } = await findPeers(only);
  if (missing !== null) print(`Apache Flink is not measured here: ${missing}.\n`);
  const [first, ...others] = peers;
  if (first === undefined) return 1;
  const names = peers.map(({ name }) => name);
  const rows = [["µs of processor time a bid", ...names, ...others.map(({ name }) => `${name} / ${first.name}`)]];
  for (const name of query === undefined ? Object.keys(queries) : [query]) {
    const able = peers.filter((peer) => peer.answers(name));
    if (able.length === 0) {
      print(`${name} is not measured: ${first.name} does not have it yet.\n`);
      continue;
    }
    const rounds: QueryRun[][] = [];
    for (let round = 0; round < runs; round++)
      rounds.push(await measureRound(able, { query: name, bids, parallelism }, round));
    warnOfShares(rounds.flat().map((run) => run.others));
    rows.push([name, ...figures(peers, able, rounds)]);
  }
  print(`\nmedian (min … max)\n${textTable(rows)}`);
  return 0;
}

/** Of each peer its cost; then of each but the first, in terms of the first's. "-": it does not have the query. */
function figures(
  peers: readonly Peer[],
  able: readonly Peer[],
  rounds: readonly (readonly QueryRun[])[],
): readonly string[] {
  const micros = (run: QueryRun): number | undefined => run.microsPerBid;
  const placeOf = (peer: Peer | undefined): number => (peer === undefined ? -1 : able.indexOf(peer));
  const first = placeOf(peers[0]);
  const costs = peers.map((peer) => {
    const place = placeOf(peer);
    if (place < 0) return "-";
    return figureText(
      rounds.map((round) => round[place] as QueryRun),
      micros,
      (value) => value.toFixed(3),
    );
  });
  const ratios = peers.slice(1).map((peer) => {
    const place = placeOf(peer);
    if (place < 0 || first < 0) return "-";
    return ratioText(
      rounds.map((round) => [round[place] as QueryRun, round[first] as QueryRun]),
      micros,
    );
  });
  return [...costs, ...ratios];
}

async function measureRound(peers: readonly Peer[], work: QueryWork, round: number): Promise<QueryRun[]> {
  const results = await runRound(peers, round, async (peer) => {
    const result = await peer.run(work);
    const cost = result.microsPerBid === undefined ? "-" : `${result.microsPerBid.toFixed(3)} µs a bid`;
    print(`${work.query} run ${round + 1}  ${peer.name.padEnd(7)}  ${cost}  ${result.checkpoints} checkpoints\n`);
    if (queries[work.query]?.isStateless === true && result.records !== work.bids)
      throw new Error(
        `${peer.name}: the sink saw ${result.records} bids instead of ${work.bids}: the run is void (NXQ2)`,
      );
    return result;
  });
  for (const [place, result] of results.entries()) {
    if (result.sum === results[0]?.sum && result.records === results[0].records) continue;
    const [one, other] = [peers[0] as Peer, peers[place] as Peer];
    throw new Error(
      `${work.query}: ${one.name} and ${other.name} gave different results, so one of them is wrong: sums of ${results[0]?.sum} and ${result.sum}, ${results[0]?.records} and ${result.records} records (NXQ2)`,
    );
  }
  return results;
}

function print(text: string): void {
  process.stdout.write(text);
}
