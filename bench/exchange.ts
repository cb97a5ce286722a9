/**
 * Question: how much goes through one channel between two tasks: in a thread, between threads, between processes?
 *
 * Owns: the rounds and the table. Not here: the ends of the channel (exchange/end.ts).
 *
 * XQ1 Kinds take turns: a slow spell of the machine falls on all of them.
 */
import { distances, type Flow, measureFlow } from "./exchange/ends.ts";
import { recordNames } from "./exchange/records.ts";
import { watchOthers, warnOfShares } from "./measure/machine.ts";
import { spreadText } from "./measure/statistics.ts";
import { millions, textTable } from "./measure/text-table.ts";
import { type Question, readOptions, wholeNumber } from "./question.ts";

const SECONDS = 3;
const RUNS = 3;
const titles = { rows: "{word, count}", strings: "100-byte strings" } as const;

export const exchangeQuestion: Question = {
  summary: "records and bytes a second through one channel: in a thread, between threads, between processes",
  options: [
    `--seconds <n>   of each measurement, after one of warm-up (default ${SECONDS})`,
    `--runs <n>      of each kind (default ${RUNS})`,
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["seconds", "runs"]);
  const measureMs = 1000 * wholeNumber(options, "seconds", { absent: SECONDS, least: 1, most: 3600 });
  const runs = wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 });
  const kinds = distances.flatMap((distance) => recordNames.map((records) => ({ distance, records })));
  const flows = kinds.map((): Flow[] => []);
  const shares: (number | undefined)[] = [];
  for (let run = 0; run < runs; run++) {
    for (const [place, { distance, records }] of kinds.entries()) {
      const others = watchOthers();
      flows[place]?.push(await measureFlow(distance, records, measureMs));
      shares.push(others());
    }
  }
  const rows = kinds.map(({ distance, records }, place) => [
    distance,
    titles[records],
    ...figuresOf(flows[place] as readonly Flow[]),
  ]);
  const head = ["ends in", "records", "records/s", "MB/s", "CPU per record: sending", "receiving"];
  process.stdout.write(
    `median (min … max) of ${runs} runs of ${measureMs / 1000} s\n${textTable([head, ...rows], ["left", "left"])}`,
  );
  warnOfShares(shares);
  return 0;
}

function figuresOf(flows: readonly Flow[]): string[] {
  const received = flows.map((flow) => flow.received);
  const sent = flows.flatMap((flow) => (flow.sent === null ? [] : [flow.sent]));
  const isByReference = received.every(({ bytes }) => bytes === 0);
  const nanoseconds = (value: number): string => `${value.toFixed(0)} ns`;
  const cost = (passed: Flow["received"]): number => (passed.cpuSeconds / passed.records) * 1e9;
  return [
    spreadText(
      received.map(({ records, seconds }) => records / seconds),
      millions,
    ),
    isByReference
      ? "by reference"
      : spreadText(
          received.map(({ bytes, seconds }) => bytes / seconds / 1e6),
          (value) => value.toFixed(0),
        ),
    sent.length === 0 ? "in receiving" : spreadText(sent.map(cost), nanoseconds),
    spreadText(received.map(cost), nanoseconds),
  ];
}
