/**
 * Owns: `streamjob txns list`, `commit` and `abort`: transactions that jobs have left in Kafka, looked at and ended by hand.
 * Not here: speaking to Kafka (runtime/connectors/kafka/administration), how they are shown (txns-report.ts).
 *
 * TXC1 Nothing is ended before a person has seen what and said yes, or has said so by `--yes`.
 * TXC2 What a job holds that lives is refused, with the job's name: it ends its transactions itself (KPN1).
 * TXC3 With `--store`, a commit is for what its newest checkpoint names, in the very identity that it names: any other transaction would show
 *      records that the job writes again. An abort leaves those alone.
 * TXC4 The password comes from the environment, and is in no argument (KFC1).
 */
import { readFile } from "node:fs/promises";
import { environmentVariable, silentLog, StreamError } from "../../base/index.ts";
import type {
  KafkaConnectionOptions,
  LeftTransaction,
  TransactionDesk,
} from "../../runtime/connectors/kafka/administration.ts";
import type { ListFormat } from "../manifests/manifest-command.ts";
import { showAsValue } from "../terminal/report.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import type { NamedByCheckpoint } from "./checkpoint-transactions.ts";
import { transactionsAsValue, showTransactions, standingOf, textOf } from "./txns-report.ts";

/** How brokers are reached. Paths are of PEM files. */
export type KafkaAccess = {
  readonly brokers: string;
  readonly tls: boolean;
  readonly tlsCa: string | null;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly sasl: NonNullable<KafkaConnectionOptions["sasl"]>["mechanism"] | null;
  readonly username: string | null;
};

export type TxnsCommand = {
  readonly kind: "txns";
  readonly verb: "list" | "commit" | "abort";
  readonly access: KafkaAccess;
  /** Transactional ids; none: all that are open, as `prefix` or `store` says. */
  readonly ids: readonly string[];
  /** null: not said. */
  readonly prefix: string | null;
  /** A job's store, a savepoint or a checkpoint. */
  readonly store: string | null;
  /** Of list: those that are over, too. */
  readonly isAll: boolean;
  readonly isApproved: boolean;
  readonly output: ListFormat;
};

const PASSWORD = "STREAMJOB_KAFKA_PASSWORD";

/** Errors: OPTION_INVALID, KAFKA_FAILED, TRANSACTIONS_IN_USE, CONFIRMATION_MISSING, those of transactionsNamedIn. */
export async function txnsCommand(terminal: Terminal, command: TxnsCommand): Promise<ExitCode> {
  const { TransactionDesk: Desk } = await import("../../runtime/connectors/kafka/administration.ts");
  const checkpoint =
    command.store === null
      ? null
      : await (await import("./checkpoint-transactions.ts")).transactionsNamedIn(command.store);
  const desk = await Desk.open(await connectionOf(command.access), { clock: terminal.clock, log: silentLog });
  try {
    if (command.verb === "list") return await list({ terminal, desk, command, checkpoint });
    return await end({ terminal, desk, command, checkpoint });
  } finally {
    await desk.close();
  }
}

type Work = {
  readonly terminal: Terminal;
  readonly desk: TransactionDesk;
  readonly command: TxnsCommand;
  readonly checkpoint: NamedByCheckpoint | null;
};

async function list({ terminal, desk, command, checkpoint }: Work): Promise<ExitCode> {
  const { prefix, isAll, output } = command;
  const found = await desk.list(prefix ?? "", isAll);
  if (await showAsValue(terminal, output, () => transactionsAsValue(found, checkpoint, terminal.clock.nowMs())))
    return 0;
  if (found.length > 0) showTransactions(terminal, found, checkpoint);
  else {
    const which = prefix === null ? "" : ` whose id begins with ${prefix}`;
    terminal.out(`There is no ${isAll ? "" : "open "}transaction${which}.`);
  }
  return 0;
}

async function end(work: Work): Promise<ExitCode> {
  const { terminal, desk, command } = work;
  const { verb, output } = command;
  const chosen = await choose(work);
  if (chosen.length === 0) {
    if (!(await showAsValue(terminal, output, () => ({ items: [] }))))
      terminal.out(`There is no open transaction to ${verb}.`);
    return 0;
  }
  if (output === "text" || output === "wide") showTransactions(terminal, chosen, work.checkpoint);
  await refuseLiving(work, chosen);
  if (!command.isApproved && !(await isAgreed(work, chosen.length))) {
    terminal.say("Nothing was changed.");
    return 1;
  }
  for (const transaction of chosen) await desk.end(transaction, verb === "commit" ? "commit" : "abort");
  const ended = verb === "commit" ? "committed" : "aborted";
  if (await showAsValue(terminal, output, () => ({ items: chosen.map(({ transactionalId: id }) => ({ id, ended })) })))
    return 0;
  for (const transaction of chosen) terminal.out(`${textOf(transaction)}: ${ended}`);
  return 0;
}

/** TXC3. Errors: OPTION_INVALID. */
async function choose({ desk, command, checkpoint }: Work): Promise<readonly LeftTransaction[]> {
  const { ids, prefix, verb } = command;
  if (ids.length === 0) {
    const all = await allOf(desk, command, checkpoint);
    return all.filter((each) => (standingOf(each, checkpoint) === "named") === (verb === "commit"));
  }
  const chosen: LeftTransaction[] = [];
  for (const id of new Set(ids)) {
    if (prefix !== null && !id.startsWith(prefix)) throw invalid(`${id} does not begin with ${prefix}`);
    const found = await desk.find(id);
    if (found === null) throw invalid(`Kafka knows no transaction of ${id}; see \`streamjob txns list --all\``);
    if (found.state !== "Ongoing")
      throw invalid(`the transaction of ${id} is not open: its state is ${found.state}; nothing was changed`);
    const standing = standingOf(found, checkpoint);
    if (verb === "commit" && checkpoint !== null && standing !== "named")
      throw invalid(
        `checkpoint ${checkpoint.checkpointId} does not name the transaction that ${id} has now (${standing}): its job writes those records again. Nothing was changed`,
      );
    chosen.push(found);
  }
  return chosen;
}

/** Errors: OPTION_INVALID. */
async function allOf(
  desk: TransactionDesk,
  { prefix, verb }: TxnsCommand,
  checkpoint: NamedByCheckpoint | null,
): Promise<readonly LeftTransaction[]> {
  if (verb === "commit" && checkpoint === null)
    throw invalid(
      "say which to commit: their ids, or --store with the state of the job, whose newest checkpoint names them",
    );
  if (verb === "abort" && prefix === null)
    throw invalid("say which to abort: their ids, or --prefix for all that are open");
  return (await desk.list(prefix ?? "", false)).filter(({ state }) => state === "Ongoing");
}

/** TXC2 */
async function refuseLiving({ terminal, desk, command }: Work, chosen: readonly LeftTransaction[]): Promise<void> {
  const seen = new Set<string | null>();
  for (const transaction of chosen) {
    const { prefix, owner } = transaction;
    if (owner === null || seen.has(prefix)) continue;
    seen.add(prefix);
    terminal.say(
      `Looking whether job "${owner.jobName}" (${owner.job}), which has noted the prefix ${prefix}, still runs …`,
    );
    const living = await desk.livingOwner(transaction);
    if (living === null) continue;
    throw new StreamError(
      "TRANSACTIONS_IN_USE",
      `job "${living.jobName}" (id ${living.job}) is running and holds the transactional ids with the prefix "${prefix}": it ends its transactions itself. Stop it, then ${command.verb} what it has left. Nothing was changed`,
      { destiny: "terminal" },
    );
  }
}

/** TXC1. Errors: CONFIRMATION_MISSING. */
function isAgreed({ terminal, command: { verb }, checkpoint }: Work, count: number): Promise<boolean> {
  const what = count === 1 ? "this transaction" : `these ${count} transactions`;
  const warning =
    verb === "commit" && checkpoint === null
      ? " Readers will see its records for good; a job that goes on from a checkpoint without them writes them again."
      : "";
  if (terminal.ask !== undefined) return terminal.ask(`${verb === "commit" ? "Commit" : "Abort"} ${what}?${warning}`);
  throw new StreamError(
    "CONFIRMATION_MISSING",
    `nothing was changed: there is no terminal to ask; look at it with \`streamjob txns list\`, then say --yes`,
    { destiny: "terminal" },
  );
}

async function connectionOf(access: KafkaAccess): Promise<KafkaConnectionOptions> {
  const { brokers, tls, tlsCa, tlsCert, tlsKey, sasl, username } = access;
  const text = async (path: string | null): Promise<string | undefined> => {
    try {
      return path === null ? undefined : await readFile(path, "utf8");
    } catch (cause) {
      throw invalid(`the file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  };
  const [ca, cert, key] = [await text(tlsCa), await text(tlsCert), await text(tlsKey)];
  const pem = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const isTls = tls || Object.keys(pem).length > 0;
  if (sasl === null) return { brokers, ...(isTls ? { tls: pem } : {}) };
  const password = environmentVariable(PASSWORD);
  if (username === null || password === undefined)
    throw invalid(`--sasl needs --username, and the password in the environment variable ${PASSWORD}`);
  return { brokers, ...(isTls ? { tls: pem } : {}), sasl: { mechanism: sasl, username, password } };
}

const invalid = (message: string): StreamError => new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
