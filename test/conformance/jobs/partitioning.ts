/** Union, rebalance, broadcast, filter and flatMap, without keys: what every way of passing records on makes of them. */
import { job, t } from "streamjob";
import { COUNT, lines, numbers, range } from "./numbers.ts";

const HALF = COUNT / 2;

export default job((env) => {
  const small = env.fromSource(numbers(0, HALF), { uid: "small" });
  const large = env.fromSource(numbers(HALF, HALF), { uid: "large" });
  const all = small.union(large);
  const doubled = all.rebalance().flatMap(
    (value, out) => {
      if (value % 3 === 0) return;
      out.collect(`once ${value}`);
      if (value % 2 === 0) out.collect(`twice ${value}`);
    },
    { uid: "doubled", type: t.string },
  );
  const rare = all.filter((value) => value % 100 === 0, { uid: "rare" });
  const everywhere = rare
    .broadcast()
    .map((value) => `everywhere ${value}`, { uid: "everywhere", type: t.string, chaining: "head" });
  doubled.union(everywhere).sinkTo(lines(env.args), { uid: "out" });
});

export function expected(parallelism: number): string[] {
  return range(COUNT).flatMap((value) => [
    ...(value % 3 === 0 ? [] : [`once ${value}`]),
    ...(value % 3 !== 0 && value % 2 === 0 ? [`twice ${value}`] : []),
    ...(value % 100 === 0 ? range(parallelism).map(() => `everywhere ${value}`) : []),
  ]);
}
