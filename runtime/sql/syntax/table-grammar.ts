/**
 * Owns: the grammar of what tables consist of: columns, watermark, primary key, options, LIKE. Rules of all grammars: name-grammar.ts.
 *
 * SQLC1 A primary key is declared, never enforced: who leaves out NOT ENFORCED is told so, before data that breaks it is lost or doubled.
 */
import type { Alternatives } from "./name-grammar.ts";
import type { Identifier, QualifiedName } from "./expression-tree.ts";
import { fail } from "./problem.ts";
import { QueryGrammar } from "./query-grammar.ts";
import type { Span } from "./span.ts";
import type {
  ColumnDefinition,
  ColumnPosition,
  LikeOption,
  PlacedColumn,
  PrimaryKey,
  TableLike,
  TableOption,
  WatermarkDefinition,
} from "./statement-tree.ts";
import { Comma, Equal, k, type Keyword, LParen, RParen } from "./tokens.ts";

/** What is between the parentheses of CREATE TABLE, and of ALTER TABLE ADD and MODIFY. */
export type SchemaParts = {
  readonly columns: PlacedColumn[];
  watermark: WatermarkDefinition | null;
  primaryKey: PrimaryKey | null;
};

const features: readonly (readonly [Keyword, LikeOption["feature"]])[] = [
  ["ALL", "ALL"],
  ["CONSTRAINTS", "CONSTRAINTS"],
  ["DISTRIBUTION", "DISTRIBUTION"],
  ["GENERATED", "GENERATED"],
  ["METADATA", "METADATA"],
  ["OPTIONS", "OPTIONS"],
  ["PARTITIONS", "PARTITIONS"],
  ["WATERMARKS", "WATERMARKS"],
];

export abstract class TableGrammar extends QueryGrammar {
  /** Parts in parentheses. */
  protected readonly schemaParts = this.RULE("schemaParts", (): SchemaParts => {
    const parts: SchemaParts = { columns: [], watermark: null, primaryKey: null };
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => this.SUBRULE(this.schemaPart, { ARGS: [parts] }) });
    this.CONSUME(RParen);
    return parts;
  });

  protected readonly schemaPart = this.RULE(
    "schemaPart",
    (parts: SchemaParts = { columns: [], watermark: null, primaryKey: null }): void => {
      this.OR([
        {
          ALT: () => {
            const watermark = this.SUBRULE(this.watermark);
            this.ACTION(() => {
              if (parts.watermark !== null)
                fail(watermark.at, "a second WATERMARK", "A table has one: take this one or the other out.");
            });
            parts.watermark = watermark;
          },
        },
        {
          ALT: () => {
            const key = this.SUBRULE(this.primaryKey);
            this.ACTION(() => addKey(parts, key));
          },
        },
        { ALT: () => this.SUBRULE(this.columnDefinition, { ARGS: [parts] }) },
      ]);
    },
  );

  protected readonly watermark = this.RULE("watermark", (): WatermarkDefinition => {
    const start = this.here();
    this.CONSUME(k.WATERMARK);
    this.CONSUME(k.FOR);
    const column = this.SUBRULE(this.qualifiedName);
    this.CONSUME(k.AS);
    const strategy = this.SUBRULE(this.expression);
    return { kind: "watermark", at: this.since(start), column, strategy };
  });

  protected readonly constraintName = this.RULE("constraintName", (): Identifier | null => {
    const name = this.OPTION(() => {
      this.CONSUME(k.CONSTRAINT);
      return this.SUBRULE(this.identifier);
    });
    return name ?? null;
  });

  protected readonly primaryKey = this.RULE("primaryKey", (): PrimaryKey => {
    const start = this.here();
    const constraint = this.SUBRULE(this.constraintName);
    const keyStart = this.here();
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.PRIMARY);
          this.CONSUME(k.KEY);
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.UNIQUE);
          this.ACTION(() =>
            fail(this.since(keyStart), "UNIQUE is not supported", "Only PRIMARY KEY (…) NOT ENFORCED can be declared."),
          );
        },
      },
    ]);
    const columns = this.SUBRULE(this.nameList);
    const at = this.since(start);
    this.SUBRULE(this.notEnforced, { ARGS: [at] });
    return { kind: "primaryKey", at, constraint, columns };
  });

  /** SQLC1. */
  protected readonly notEnforced = this.RULE("notEnforced", (key: Span = { start: 0, end: 0 }): void => {
    let isStated = false;
    this.OPTION(() => {
      this.OPTION2(() => {
        this.CONSUME(k.NOT);
        isStated = true;
      });
      this.CONSUME(k.ENFORCED);
    });
    this.ACTION(() => {
      if (!isStated)
        fail(
          key,
          "PRIMARY KEY without NOT ENFORCED",
          "Keys are not checked, because the data belongs to another system: add NOT ENFORCED.",
        );
    });
  });

  protected readonly columnDefinition = this.RULE(
    "columnDefinition",
    (parts: SchemaParts = { columns: [], watermark: null, primaryKey: null }): void => {
      const start = this.here();
      const name = this.SUBRULE(this.identifier);
      const column = this.OR<Alternatives<ColumnDefinition>>([
        {
          ALT: () => {
            this.CONSUME(k.AS);
            const value = this.SUBRULE(this.expression);
            const comment = this.SUBRULE(this.comment);
            return { kind: "computedColumn", at: this.since(start), name, value, comment };
          },
        },
        { ALT: () => this.SUBRULE(this.typedColumn, { ARGS: [start, name, parts] }) },
      ]);
      const position =
        this.OPTION(() =>
          this.OR2<Alternatives<ColumnPosition>>([
            { ALT: () => (this.CONSUME(k.FIRST), { kind: "first" }) },
            {
              ALT: () => {
                this.CONSUME(k.AFTER);
                return { kind: "after", column: this.SUBRULE2(this.identifier) };
              },
            },
          ]),
        ) ?? null;
      parts.columns.push({ column, position });
    },
  );

  protected readonly typedColumn = this.RULE(
    "typedColumn",
    (start = 0, name?: Identifier, parts?: SchemaParts): ColumnDefinition => {
      const type = this.SUBRULE(this.typeName);
      const keyStart = this.here();
      this.OPTION(() => {
        const constraint = this.SUBRULE(this.constraintName);
        this.CONSUME(k.PRIMARY);
        this.CONSUME(k.KEY);
        const at = this.since(keyStart);
        this.SUBRULE(this.notEnforced, { ARGS: [at] });
        this.ACTION(() => {
          if (parts !== undefined && name !== undefined)
            addKey(parts, { kind: "primaryKey", at: this.since(start), constraint, columns: [name] });
        });
      });
      const metadata = this.OPTION2(() => this.SUBRULE(this.metadata));
      const comment = this.SUBRULE(this.comment);
      return this.ACTION((): ColumnDefinition => {
        const named = { at: this.since(start), name: name as Identifier, type, comment };
        return metadata === undefined
          ? { kind: "physicalColumn", ...named }
          : { kind: "metadataColumn", ...named, ...metadata };
      });
    },
  );

  protected readonly metadata = this.RULE("metadata", (): { key: string | null; isVirtual: boolean } => {
    this.CONSUME(k.METADATA);
    const key =
      this.OPTION(() => {
        this.CONSUME(k.FROM);
        return this.SUBRULE(this.string);
      }) ?? null;
    let isVirtual = false;
    this.OPTION2(() => {
      this.CONSUME(k.VIRTUAL);
      isVirtual = true;
    });
    return { key, isVirtual };
  });

  protected readonly comment = this.RULE("comment", (): string | null => {
    const text = this.OPTION(() => {
      this.CONSUME(k.COMMENT);
      return this.SUBRULE(this.string);
    });
    return text ?? null;
  });

  /** `('a' = 'b', 'c' = 'd')`. */
  protected readonly optionList = this.RULE("optionList", (): TableOption[] => {
    const options: TableOption[] = [];
    this.CONSUME(LParen);
    this.MANY_SEP({ SEP: Comma, DEF: () => options.push(this.SUBRULE(this.tableOption)) });
    this.CONSUME(RParen);
    return options;
  });

  protected readonly tableOption = this.RULE("tableOption", (): TableOption => {
    const start = this.here();
    const key = this.SUBRULE(this.string);
    this.CONSUME(Equal);
    const value = this.SUBRULE2(this.string);
    return { kind: "option", at: this.since(start), key, value };
  });

  protected readonly keyList = this.RULE("keyList", (): string[] => {
    const keys: string[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => keys.push(this.SUBRULE(this.string)) });
    this.CONSUME(RParen);
    return keys;
  });

  protected readonly tableLike = this.RULE("tableLike", (): TableLike => {
    const start = this.here();
    const options: LikeOption[] = [];
    this.CONSUME(k.LIKE);
    const source: QualifiedName = this.SUBRULE(this.qualifiedName);
    this.OPTION(() => {
      this.CONSUME(LParen);
      this.AT_LEAST_ONE(() => {
        const strategy = this.OR<Alternatives<LikeOption["strategy"]>>([
          { ALT: () => (this.CONSUME(k.INCLUDING), "INCLUDING") },
          { ALT: () => (this.CONSUME(k.EXCLUDING), "EXCLUDING") },
          { ALT: () => (this.CONSUME(k.OVERWRITING), "OVERWRITING") },
        ]);
        const feature = this.OR2<Alternatives<LikeOption["feature"]>>(
          features.map(([word, feature]) => ({
            ALT: () => {
              this.CONSUME(k[word]);
              return feature;
            },
          })),
        );
        options.push({ strategy, feature });
      });
      this.CONSUME(RParen);
    });
    return { kind: "like", at: this.since(start), source, options };
  });

  /** `(a COMMENT 'what it is', b)` of a view. */
  protected readonly viewColumns = this.RULE("viewColumns", (): { name: Identifier; comment: string | null }[] => {
    const columns: { name: Identifier; comment: string | null }[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: Comma,
      DEF: () => {
        const name = this.SUBRULE(this.identifier);
        columns.push({ name, comment: this.SUBRULE(this.comment) });
      },
    });
    this.CONSUME(RParen);
    return columns;
  });
}

function addKey(parts: SchemaParts, key: PrimaryKey): void {
  if (parts.primaryKey !== null)
    fail(
      key.at,
      "a second PRIMARY KEY",
      "A table has one; name all its columns in it: PRIMARY KEY (a, b) NOT ENFORCED.",
    );
  parts.primaryKey = key;
}
