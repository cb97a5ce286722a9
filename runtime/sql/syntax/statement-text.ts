/**
 * Owns: the text of statements, from their trees. Rules as in expression-text.ts (SQLF1, SQLF2).
 */
import { unreachable } from "../../../base/index.ts";
import { nameListText, nameText, qualifiedText, stringText, typeText } from "./expression-text.ts";
import { expressionText, hintsText, queryText } from "./query-text.ts";
import type {
  AlterTableAction,
  ColumnDefinition,
  Insert,
  PlacedColumn,
  PrimaryKey,
  Statement,
  StatementSet,
  TableOption,
  WatermarkDefinition,
} from "./statement-tree.ts";

type StatementOf<K extends Statement["kind"]> = Statement & { readonly kind: K };

/** In normal form, without the semicolon behind it: keywords in upper case, backticks where they are needed, no comments. */
export function statementText(statement: Statement): string {
  switch (statement.kind) {
    case "queryStatement":
      return queryText(statement.query);
    case "insert":
      return insertText(statement);
    case "statementSet":
      return `EXECUTE ${setText(statement)}`;
    case "createTable":
      return createTableText(statement);
    case "createView": {
      const { isTemporary, ifNotExists, name, columns, comment, query } = statement;
      const names = columns.map((column) => `${nameText(column.name)}${commentText(column.comment)}`);
      const list = names.length === 0 ? "" : ` (${names.join(", ")})`;
      const head = `CREATE ${isTemporary ? "TEMPORARY " : ""}VIEW ${existence(ifNotExists)}${qualifiedText(name)}`;
      return `${head}${list}${commentText(comment)} AS ${queryText(query)}`;
    }
    case "createFunction": {
      const { ifNotExists, name, implementation, language, jars } = statement;
      const head = `CREATE ${scopeText(statement)}FUNCTION ${existence(ifNotExists)}${qualifiedText(name)}`;
      const using = jars.length === 0 ? "" : ` USING ${jars.map((jar) => `JAR ${stringText(jar)}`).join(", ")}`;
      return `${head} AS ${stringText(implementation.text)}${languageText(language)}${using}`;
    }
    case "drop":
      return `DROP ${scopeText(statement)}${statement.object} ${statement.ifExists ? "IF EXISTS " : ""}${qualifiedText(statement.name)}`;
    case "alterTable": {
      const head = `ALTER TABLE ${statement.ifExists ? "IF EXISTS " : ""}${qualifiedText(statement.name)}`;
      return `${head} ${actionText(statement.action)}`;
    }
    case "alterView": {
      const change =
        "to" in statement ? `RENAME TO ${qualifiedText(statement.to)}` : `AS ${queryText(statement.query)}`;
      return `ALTER VIEW ${qualifiedText(statement.name)} ${change}`;
    }
    case "alterFunction": {
      const { ifExists, name, implementation, language } = statement;
      const head = `ALTER ${scopeText(statement)}FUNCTION ${ifExists ? "IF EXISTS " : ""}${qualifiedText(name)}`;
      return `${head} AS ${stringText(implementation.text)}${languageText(language)}`;
    }
    default:
      return inquiryText(statement);
  }
}

/** Statements that define nothing. */
function inquiryText(statement: StatementOf<"show" | "describe" | "explain" | "set" | "reset" | "use">): string {
  switch (statement.kind) {
    case "show": {
      const { subject, of, like } = statement;
      const place =
        of === null ? "" : subject.startsWith("CREATE") ? ` ${qualifiedText(of)}` : ` FROM ${qualifiedText(of)}`;
      const pattern = like === null ? "" : `${like.isNegated ? " NOT" : ""} LIKE ${stringText(like.pattern)}`;
      return `SHOW ${subject}${place}${pattern}`;
    }
    case "describe":
      return `DESCRIBE ${statement.isExtended ? "EXTENDED " : ""}${qualifiedText(statement.name)}`;
    case "explain": {
      const { details, statement: inner } = statement;
      const text = inner.kind === "statementSet" ? setText(inner) : statementText(inner);
      return `EXPLAIN ${details.length === 0 ? "" : `${details.join(", ")} `}${text}`;
    }
    case "set":
      return statement.key === null ? "SET" : `SET ${stringText(statement.key)} = ${stringText(statement.value ?? "")}`;
    case "reset":
      return statement.key === null ? "RESET" : `RESET ${stringText(statement.key)}`;
    case "use":
      return `USE ${statement.object === "CATALOG" ? "CATALOG " : ""}${qualifiedText(statement.name)}`;
    default:
      return unreachable(statement);
  }
}

const existence = (ifNotExists: boolean): string => (ifNotExists ? "IF NOT EXISTS " : "");
const commentText = (comment: string | null): string => (comment === null ? "" : ` COMMENT ${stringText(comment)}`);
const languageText = (language: string | null): string => (language === null ? "" : ` LANGUAGE ${language}`);
const scopeText = ({ scope }: Pick<StatementOf<"drop">, "scope">): string => (scope === "CATALOG" ? "" : `${scope} `);

const optionText = ({ key, value }: TableOption): string => `${stringText(key)} = ${stringText(value)}`;

function setText({ inserts }: StatementSet): string {
  return `STATEMENT SET BEGIN ${inserts.map((insert) => `${insertText(insert)}; `).join("")}END`;
}

function insertText({ isOverwrite, target, hints, columns, query }: Insert): string {
  const names = columns.length === 0 ? "" : ` (${columns.map(qualifiedText).join(", ")})`;
  const head = `INSERT ${isOverwrite ? "OVERWRITE" : "INTO"} ${qualifiedText(target)}`;
  return `${head}${hintsText(hints)}${names} ${queryText(query)}`;
}

function createTableText(table: StatementOf<"createTable">): string {
  const { name, columns, watermark, primaryKey, comment, partitionedBy, options, like, query } = table;
  const parts = [
    ...columns.map(columnText),
    ...(watermark === null ? [] : [watermarkText(watermark)]),
    ...(primaryKey === null ? [] : [keyText(primaryKey)]),
  ];
  const likeOptions = like?.options.map(({ strategy, feature }) => `${strategy} ${feature}`) ?? [];
  return [
    `CREATE ${table.isTemporary ? "TEMPORARY " : ""}TABLE ${existence(table.ifNotExists)}${qualifiedText(name)}`,
    parts.length === 0 ? "" : ` (${parts.join(", ")})`,
    commentText(comment),
    partitionedBy.length === 0 ? "" : ` PARTITIONED BY ${nameListText(partitionedBy)}`,
    options.length === 0 ? "" : ` WITH (${options.map(optionText).join(", ")})`,
    like === null
      ? ""
      : ` LIKE ${qualifiedText(like.source)}${likeOptions.length === 0 ? "" : ` (${likeOptions.join(" ")})`}`,
    query === null ? "" : ` AS ${queryText(query)}`,
  ].join("");
}

function columnText(column: ColumnDefinition): string {
  const name = nameText(column.name);
  const comment = commentText(column.comment);
  if (column.kind === "computedColumn") return `${name} AS ${expressionText(column.value)}${comment}`;
  if (column.kind === "physicalColumn") return `${name} ${typeText(column.type)}${comment}`;
  const key = column.key === null ? "" : ` FROM ${stringText(column.key)}`;
  return `${name} ${typeText(column.type)} METADATA${key}${column.isVirtual ? " VIRTUAL" : ""}${comment}`;
}

const watermarkText = ({ column, strategy }: WatermarkDefinition): string =>
  `WATERMARK FOR ${qualifiedText(column)} AS ${expressionText(strategy)}`;

function keyText({ constraint, columns }: PrimaryKey): string {
  const name = constraint === null ? "" : `CONSTRAINT ${nameText(constraint)} `;
  return `${name}PRIMARY KEY ${nameListText(columns)} NOT ENFORCED`;
}

function placedText({ column, position }: PlacedColumn): string {
  const place = position === null ? "" : position.kind === "first" ? " FIRST" : ` AFTER ${nameText(position.column)}`;
  return `${columnText(column)}${place}`;
}

function actionText(action: AlterTableAction): string {
  switch (action.kind) {
    case "rename":
      return `RENAME TO ${qualifiedText(action.to)}`;
    case "renameColumn":
      return `RENAME ${nameText(action.from)} TO ${nameText(action.to)}`;
    case "setOptions":
      return `SET (${action.options.map(optionText).join(", ")})`;
    case "resetOptions":
      return `RESET (${action.keys.map(stringText).join(", ")})`;
    case "addColumns":
    case "modifyColumns": {
      const { columns, watermark, primaryKey } = action;
      const parts = [
        ...columns.map(placedText),
        ...(watermark === null ? [] : [watermarkText(watermark)]),
        ...(primaryKey === null ? [] : [keyText(primaryKey)]),
      ];
      return `${action.kind === "addColumns" ? "ADD" : "MODIFY"} (${parts.join(", ")})`;
    }
    case "dropColumns":
      return `DROP ${nameListText(action.columns)}`;
    case "dropConstraint":
      return `DROP CONSTRAINT ${nameText(action.constraint)}`;
    case "dropPrimaryKey":
      return "DROP PRIMARY KEY";
    case "dropWatermark":
      return "DROP WATERMARK";
    default:
      return unreachable(action);
  }
}
