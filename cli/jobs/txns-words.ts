/**
 * Owns: the words of `streamjob txns`. Called by: command-line.ts.
 */
import { type Command, Option } from "commander";
import { addList, type Listed } from "../manifests/manifest-words.ts";
import type { KafkaAccess, TxnsCommand } from "./txns-command.ts";

type Flags = Listed & {
  brokers: string;
  tls?: true;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
  sasl?: KafkaAccess["sasl"];
  username?: string;
  prefix?: string;
  store?: string;
  all?: true;
  yes?: true;
};

export function addTransactions(program: Command, found: (command: TxnsCommand) => void): void {
  const txns = program
    .command("txns")
    .description("look at transactions that jobs have left in Kafka, and end them by hand")
    .addHelpText(
      "after",
      "\nThe password of --sasl comes from the environment variable STREAMJOB_KAFKA_PASSWORD. A job ends its transactions itself when it starts again, and when its StreamJob is deleted.",
    );
  const about = (command: Command): Command =>
    addList(
      command
        .requiredOption("--brokers <host:port>", "brokers of the cluster, separated by commas")
        .option("--tls", "connect by TLS, as the system's authorities say")
        .option("--tls-ca <file>", "PEM file of the authority that the brokers' certificates are of")
        .option("--tls-cert <file>", "PEM file of a certificate of one's own, with --tls-key")
        .option("--tls-key <file>", "PEM file of its key")
        .addOption(new Option("--sasl <mechanism>", "log in").choices(["plain", "scram-sha-256", "scram-sha-512"]))
        .option("--username <name>", "as whom, with --sasl"),
    ).option("--prefix <text>", "only ids that begin with this, such as the transactionalIdPrefix of a sink");
  const store = "the state of the job: its store (status.active.storeUri), a savepoint, or a checkpoint";
  const add = (command: Command, verb: TxnsCommand["verb"]): Command =>
    command.action((...given: readonly unknown[]) => {
      const ids = verb === "list" ? [] : (given[0] as readonly string[]);
      const flags = given[verb === "list" ? 0 : 1] as Flags;
      found({
        kind: "txns",
        verb,
        ids,
        access: {
          brokers: flags.brokers,
          tls: flags.tls ?? false,
          tlsCa: flags.tlsCa ?? null,
          tlsCert: flags.tlsCert ?? null,
          tlsKey: flags.tlsKey ?? null,
          sasl: flags.sasl ?? null,
          username: flags.username ?? null,
        },
        prefix: flags.prefix ?? null,
        store: flags.store ?? null,
        isAll: flags.all ?? false,
        isApproved: flags.yes ?? false,
        output: flags.output,
      });
    });
  const list = about(
    txns.command("list").description("list open transactions, whose they are, and how long they are open"),
  )
    .option("--all", "those that are over, too")
    .option("--store <place>", `${store}; says which transactions its newest checkpoint names`);
  add(list, "list");
  const end = (verb: "commit" | "abort", description: string, storeHelp: string): Command =>
    about(
      txns.command(verb).description(description).argument("[id...]", "transactional ids, as `txns list` shows them"),
    )
      .option("--store <place>", `${store}; ${storeHelp}`)
      .option("-y, --yes", "do not ask");
  add(
    end(
      "commit",
      "commit open transactions: those with these ids, or those that the newest checkpoint of a job names",
      "only what its newest checkpoint names is committed; without ids, all of that",
    ),
    "commit",
  );
  add(
    end(
      "abort",
      "abort open transactions: those with these ids, or all with a prefix",
      "without ids, what its newest checkpoint names is left alone",
    ),
    "abort",
  );
}
