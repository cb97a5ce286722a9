/**
 * Owns: the connectors by their names, and making one for a table.
 *
 * TBCY1 A table is checked without loading its connector's client; that is loaded when the connector is made.
 */
import { nearestName } from "../sql/index.ts";
import { blackholeDefinition, makeBlackhole, makePrint, printDefinition } from "./connectors/print-table.ts";
import { collectionDefinition, makeCollection } from "./connectors/collection-table.ts";
import {
  checkMetadata,
  checkWrittenMetadata,
  type ConnectorDefinition,
  type MakeConnector,
  refusePartitions,
} from "./connectors/connector.ts";
import { datagenDefinition, makeDatagen } from "./connectors/datagen-table.ts";
import { filesystemDefinition, makeFilesystem } from "./connectors/filesystem-table.ts";
import { kafkaDefinition, upsertKafkaDefinition } from "./connectors/kafka/kafka-definition.ts";
import { makeKafka, makeUpsertKafka } from "./connectors/kafka/kafka-table.ts";
import { mysqlDefinition } from "./connectors/mysql/mysql-definition.ts";
import { makeMysql } from "./connectors/mysql/mysql-table.ts";
import { redisDefinition } from "./connectors/redis/redis-definition.ts";
import { makeRedis } from "./connectors/redis/redis-table.ts";
import { formatRows } from "./connectors/option-rows.ts";
import { TableOptions } from "./options/table-options.ts";
import type { TableConnector, TableDescription } from "./table-description.ts";
import { TableError } from "./table-error.ts";

type Entry = { readonly definition: ConnectorDefinition; readonly load: () => MakeConnector };

const entries: readonly Entry[] = [
  { definition: datagenDefinition, load: () => makeDatagen },
  { definition: printDefinition, load: () => makePrint },
  { definition: blackholeDefinition, load: () => makeBlackhole },
  { definition: filesystemDefinition, load: () => makeFilesystem },
  { definition: kafkaDefinition, load: () => makeKafka },
  { definition: upsertKafkaDefinition, load: () => makeUpsertKafka },
  { definition: mysqlDefinition, load: () => makeMysql },
  { definition: redisDefinition, load: () => makeRedis },
  { definition: collectionDefinition, load: () => makeCollection },
];

export const connectorDefinitions: readonly ConnectorDefinition[] = entries.map(({ definition }) => definition);

/** What a table can be used for. */
export type TableUses = { readonly isRead: boolean; readonly isWritten: boolean };

/** The connector of a table. Errors: TableError, also of what it makes. */
export function tableConnector(table: TableDescription): TableConnector {
  const { definition, load } = entryOf(table);
  const options = optionsOf(table, definition);
  return withReasons(table, definition, load()({ table, options }));
}

/** Whether its connector exists, and its options and metadata are right. Errors: TableError. */
export function checkTableOptions(table: TableDescription): TableUses {
  const { definition } = entryOf(table);
  optionsOf(table, definition);
  return { isRead: definition.isRead, isWritten: definition.isWritten };
}

function optionsOf(table: TableDescription, definition: ConnectorDefinition): TableOptions {
  const rows = [...definition.rows, ...formatRows(definition.slots, table.options)];
  const options = new TableOptions(table, `the connector ${definition.name}`, rows);
  checkMetadata(table, definition);
  refusePartitions(table);
  return options;
}

function entryOf({ name, options }: TableDescription): Entry {
  const known = entries.map(({ definition }) => definition.name);
  const written = Object.hasOwn(options, "connector") ? options["connector"] : undefined;
  if (written === undefined)
    throw new TableError(name, {
      message: "it has no connector, and so no rows",
      remedy: `Add WITH ('connector' = '…'): one of ${known.join(", ")}.`,
    });
  const found = entries.find(({ definition }) => definition.name === written);
  if (found !== undefined) return found;
  const nearest = nearestName(written, known);
  throw new TableError(name, {
    message: `there is no connector '${written}'`,
    remedy: nearest === undefined ? `There are ${known.join(", ")}.` : `Did you mean '${nearest}'?`,
    option: "connector",
  });
}

/** Reading what is only written, and the other way round, says so. */
function withReasons(table: TableDescription, definition: ConnectorDefinition, made: TableConnector): TableConnector {
  const refuse = (what: string): never => {
    throw new TableError(table.name, {
      message: `the connector ${definition.name} ${what}`,
      remedy: "Choose another connector.",
      option: "connector",
    });
  };
  return {
    lookup: (lookup) => {
      if (made.lookup !== undefined) return made.lookup(lookup);
      const names = entries.flatMap(({ definition: each }) => (each.isLookedUp === true ? [each.name] : []));
      throw new TableError(table.name, {
        message: `the connector ${definition.name} cannot be asked for single rows, as a lookup join does`,
        remedy: `Take one of ${names.join(", ")}; or go by the time of its rows: FOR SYSTEM_TIME AS OF a rowtime.`,
      });
    },
    source: (columns, filters) => made.source?.(columns, filters) ?? refuse("is only written"),
    sink: (changes) => {
      checkWrittenMetadata(table, definition);
      return made.sink?.(changes) ?? refuse("is only read");
    },
    overwritingSink: (changes) => {
      checkWrittenMetadata(table, definition);
      return made.overwritingSink?.(changes) ?? refuse("cannot be overwritten");
    },
  };
}
