/**
 * Owns: the grammar of statements, and the parser as a whole. Rules of all grammars: name-grammar.ts.
 */
import type { Alternatives } from "./name-grammar.ts";
import type { QualifiedName } from "./expression-tree.ts";
import { fail } from "./problem.ts";
import type { Span } from "./span.ts";
import type {
  Implementation,
  AlterTableAction,
  ExplainDetail,
  Insert,
  LikePattern,
  ShowSubject,
  Statement,
  StatementSet,
} from "./statement-tree.ts";
import { TableGrammar } from "./table-grammar.ts";
import { Comma, Equal, k, LParen, RParen, Semicolon } from "./tokens.ts";

type StatementOf<K extends Statement["kind"]> = Extract<Statement, { readonly kind: K }>;
type Scope = StatementOf<"drop">["scope"];
/** A scope as it is written, and where. */
type WrittenScope = { readonly scope: Scope; readonly at: Span };
type Part<K extends Statement["kind"]> = Omit<StatementOf<K>, "at">;

const NO_PLACE: Span = { start: 0, end: 0 };
const noScope: WrittenScope = { scope: "CATALOG", at: NO_PLACE };

const details: readonly ExplainDetail[] = ["ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE"];

export class StatementGrammar extends TableGrammar {
  constructor(isChecked = false) {
    super(isChecked);
    this.performSelfAnalysis();
  }

  readonly statement = this.RULE("statement", (): Statement => {
    const start = this.here();
    const statement = this.firstOf<Omit<Statement, "at">>([
      { ALT: () => ({ kind: "queryStatement", query: this.SUBRULE(this.query) }) },
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => this.SUBRULE(this.create) },
      { ALT: () => this.SUBRULE(this.drop) },
      { ALT: () => this.SUBRULE(this.alter) },
      { ALT: () => this.SUBRULE(this.show) },
      { ALT: () => this.SUBRULE(this.describe) },
      { ALT: () => this.SUBRULE(this.explain) },
      {
        GATE: () => !this.isNext(k.EXECUTE) || this.isNext(k.STATEMENT, 2),
        ALT: () => this.SUBRULE(this.statementSet),
      },
      { ALT: () => this.SUBRULE(this.execute) },
      { ALT: () => this.SUBRULE(this.setOption) },
      { ALT: () => this.SUBRULE(this.resetOption) },
      { ALT: () => this.SUBRULE(this.use) },
    ]);
    return { ...statement, at: this.since(start) } as Statement;
  });

  protected readonly ifExists = this.RULE("ifExists", (): boolean => {
    let isSaid = false;
    this.OPTION({
      GATE: () => this.isNext(k.EXISTS, 2),
      DEF: () => {
        this.CONSUME(k.IF);
        this.CONSUME(k.EXISTS);
        isSaid = true;
      },
    });
    return isSaid;
  });

  protected readonly ifNotExists = this.RULE("ifNotExists", (): boolean => {
    let isSaid = false;
    this.OPTION({
      GATE: () => this.isNext(k.NOT, 2),
      DEF: () => {
        this.CONSUME(k.IF);
        this.CONSUME(k.NOT);
        this.CONSUME(k.EXISTS);
        isSaid = true;
      },
    });
    return isSaid;
  });

  /** Nothing, TEMPORARY, or TEMPORARY SYSTEM. */
  protected readonly scope = this.RULE("scope", (): WrittenScope => {
    const start = this.here();
    let scope: Scope = "CATALOG";
    this.OPTION(() => {
      this.CONSUME(k.TEMPORARY);
      scope = "TEMPORARY";
      this.OPTION2(() => {
        this.CONSUME(k.SYSTEM);
        scope = "TEMPORARY SYSTEM";
      });
    });
    return { scope, at: this.since(start) };
  });

  protected readonly create = this.RULE("create", (): Omit<Statement, "at"> => {
    this.CONSUME(k.CREATE);
    const scope = this.SUBRULE(this.scope);
    return this.OR<Alternatives<Omit<Statement, "at">>>([
      { ALT: () => this.SUBRULE(this.createTable, { ARGS: [scope] }) },
      { ALT: () => this.SUBRULE(this.createView, { ARGS: [scope] }) },
      { ALT: () => this.SUBRULE(this.createFunction, { ARGS: [scope] }) },
    ]);
  });

  protected readonly createTable = this.RULE("createTable", (scope = noScope): Part<"createTable"> => {
    this.CONSUME(k.TABLE);
    const isTemporary = this.ACTION(() => mayBeTemporary(scope));
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.qualifiedName);
    const parts = this.OPTION(() => this.SUBRULE(this.schemaParts));
    const comment = this.SUBRULE(this.comment);
    const partitionedBy =
      this.OPTION2(() => {
        this.CONSUME(k.PARTITIONED);
        this.CONSUME(k.BY);
        return this.SUBRULE(this.nameList);
      }) ?? [];
    const options =
      this.OPTION3(() => {
        this.CONSUME(k.WITH);
        return this.SUBRULE(this.optionList);
      }) ?? [];
    const like = this.OPTION4(() => this.SUBRULE(this.tableLike)) ?? null;
    const query =
      this.OPTION5(() => {
        this.CONSUME(k.AS);
        return this.SUBRULE(this.query);
      }) ?? null;
    return this.ACTION(() => {
      const columns = parts?.columns ?? [];
      for (const { column, position } of columns)
        if (position !== null)
          fail(
            column.at,
            "a position in CREATE TABLE",
            "FIRST and AFTER are for ALTER TABLE; put the column in its place.",
          );
      return {
        kind: "createTable",
        isTemporary,
        ifNotExists,
        name,
        columns: columns.map(({ column }) => column),
        watermark: parts?.watermark ?? null,
        primaryKey: parts?.primaryKey ?? null,
        comment,
        partitionedBy,
        options,
        like,
        query,
      };
    });
  });

  protected readonly createView = this.RULE("createView", (scope = noScope): Part<"createView"> => {
    this.CONSUME(k.VIEW);
    const isTemporary = this.ACTION(() => mayBeTemporary(scope));
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.qualifiedName);
    const columns = this.OPTION(() => this.SUBRULE(this.viewColumns)) ?? [];
    const comment = this.SUBRULE(this.comment);
    this.CONSUME(k.AS);
    const query = this.SUBRULE(this.query);
    return { kind: "createView", isTemporary, ifNotExists, name, columns, comment, query };
  });

  protected readonly createFunction = this.RULE("createFunction", (written = noScope): Part<"createFunction"> => {
    this.CONSUME(k.FUNCTION);
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.qualifiedName);
    this.CONSUME(k.AS);
    const implementation = this.SUBRULE(this.implementation);
    const language = this.SUBRULE(this.language);
    const jars: string[] = [];
    this.OPTION(() => {
      this.CONSUME(k.USING);
      this.AT_LEAST_ONE(() => {
        this.CONSUME(k.JAR);
        jars.push(this.SUBRULE2(this.string));
      });
    });
    const { scope } = written;
    return { kind: "createFunction", scope, ifNotExists, name, implementation, language, jars };
  });

  protected readonly implementation = this.RULE("implementation", (): Implementation => {
    const start = this.here();
    const text = this.SUBRULE(this.string);
    return { text, at: this.since(start) };
  });

  protected readonly language = this.RULE("language", (): string | null => {
    const language = this.OPTION(() => {
      this.CONSUME(k.LANGUAGE);
      return this.OR<Alternatives<string>>([
        { ALT: () => (this.CONSUME(k.SCALA), "SCALA") },
        {
          ALT: () => {
            const name = this.SUBRULE(this.identifier);
            return this.ACTION(() => name.name.toUpperCase());
          },
        },
      ]);
    });
    return language ?? null;
  });

  protected readonly drop = this.RULE("drop", (): Part<"drop"> => {
    this.CONSUME(k.DROP);
    const written = this.SUBRULE(this.scope);
    const object = this.OR<Alternatives<StatementOf<"drop">["object"]>>([
      { ALT: () => (this.CONSUME(k.TABLE), "TABLE") },
      { ALT: () => (this.CONSUME(k.VIEW), "VIEW") },
      { ALT: () => (this.CONSUME(k.FUNCTION), "FUNCTION") },
    ]);
    this.ACTION(() => object === "FUNCTION" || mayBeTemporary(written));
    const ifExists = this.SUBRULE(this.ifExists);
    const name = this.SUBRULE(this.qualifiedName);
    const { scope } = written;
    return { kind: "drop", object, scope, ifExists, name };
  });

  protected readonly alter = this.RULE("alter", (): Omit<Statement, "at"> => {
    this.CONSUME(k.ALTER);
    return this.OR<Alternatives<Omit<Statement, "at">>>([
      { ALT: () => this.SUBRULE(this.alterTable) },
      { ALT: () => this.SUBRULE(this.alterView) },
      { ALT: () => this.SUBRULE(this.alterFunction) },
    ]);
  });

  protected readonly alterTable = this.RULE("alterTable", (): Part<"alterTable"> => {
    this.CONSUME(k.TABLE);
    const ifExists = this.SUBRULE(this.ifExists);
    const name = this.SUBRULE(this.qualifiedName);
    const start = this.here();
    const action = this.OR<Alternatives<Omit<AlterTableAction, "at">>>([
      { ALT: () => this.SUBRULE(this.rename) },
      {
        ALT: () => {
          this.CONSUME(k.SET);
          return { kind: "setOptions", options: this.SUBRULE(this.optionList) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.RESET);
          return { kind: "resetOptions", keys: this.SUBRULE(this.keyList) };
        },
      },
      { ALT: () => this.SUBRULE(this.addOrModify) },
      { ALT: () => this.SUBRULE(this.dropPart) },
    ]);
    return { kind: "alterTable", ifExists, name, action: { ...action, at: this.since(start) } as AlterTableAction };
  });

  /** The table, or a column of it. */
  protected readonly rename = this.RULE("rename", (): Omit<AlterTableAction, "at"> => {
    this.CONSUME(k.RENAME);
    return this.OR<Alternatives<Omit<AlterTableAction, "at">>>([
      {
        ALT: () => {
          this.CONSUME(k.TO);
          return { kind: "rename", to: this.SUBRULE(this.qualifiedName) };
        },
      },
      {
        ALT: () => {
          const from = this.SUBRULE(this.identifier);
          this.CONSUME2(k.TO);
          return { kind: "renameColumn", from, to: this.SUBRULE2(this.identifier) };
        },
      },
    ]);
  });

  protected readonly addOrModify = this.RULE("addOrModify", (): Omit<AlterTableAction, "at"> => {
    const kind = this.OR([
      { ALT: () => (this.CONSUME(k.ADD), "addColumns" as const) },
      { ALT: () => (this.CONSUME(k.MODIFY), "modifyColumns" as const) },
    ]);
    const parts = this.OR2([
      { ALT: () => this.SUBRULE(this.schemaParts) },
      {
        ALT: () => {
          const one = { columns: [], watermark: null, primaryKey: null };
          this.SUBRULE(this.schemaPart, { ARGS: [one] });
          return one;
        },
      },
    ]);
    return { kind, ...parts };
  });

  protected readonly dropPart = this.RULE("dropPart", (): Omit<AlterTableAction, "at"> => {
    this.CONSUME(k.DROP);
    return this.OR<Alternatives<Omit<AlterTableAction, "at">>>([
      {
        ALT: () => {
          this.CONSUME(k.PRIMARY);
          this.CONSUME(k.KEY);
          return { kind: "dropPrimaryKey" };
        },
      },
      { ALT: () => (this.CONSUME(k.WATERMARK), { kind: "dropWatermark" }) },
      {
        ALT: () => {
          this.CONSUME(k.CONSTRAINT);
          return { kind: "dropConstraint", constraint: this.SUBRULE(this.identifier) };
        },
      },
      { ALT: () => ({ kind: "dropColumns", columns: this.SUBRULE(this.nameList) }) },
      { ALT: () => ({ kind: "dropColumns", columns: [this.SUBRULE2(this.identifier)] }) },
    ]);
  });

  protected readonly alterView = this.RULE("alterView", (): Omit<Statement, "at"> => {
    this.CONSUME(k.VIEW);
    const name = this.SUBRULE(this.qualifiedName);
    return this.OR<Alternatives<Part<"alterView">>>([
      {
        ALT: () => {
          this.CONSUME(k.RENAME);
          this.CONSUME(k.TO);
          return { kind: "alterView", name, to: this.SUBRULE2(this.qualifiedName) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.AS);
          return { kind: "alterView", name, query: this.SUBRULE(this.query) };
        },
      },
    ]);
  });

  protected readonly alterFunction = this.RULE("alterFunction", (): Part<"alterFunction"> => {
    const written = this.SUBRULE(this.scope);
    this.CONSUME(k.FUNCTION);
    const ifExists = this.SUBRULE(this.ifExists);
    const name = this.SUBRULE(this.qualifiedName);
    this.CONSUME(k.AS);
    const implementation = this.SUBRULE(this.implementation);
    const language = this.SUBRULE(this.language);
    const { scope } = written;
    return { kind: "alterFunction", scope, ifExists, name, implementation, language };
  });

  protected readonly show = this.RULE("show", (): Part<"show"> => {
    this.CONSUME(k.SHOW);
    return this.OR<Alternatives<Part<"show">>>([
      { ALT: () => (this.CONSUME(k.CATALOGS), { kind: "show", subject: "CATALOGS", of: null, like: null }) },
      { ALT: () => (this.CONSUME(k.DATABASES), { kind: "show", subject: "DATABASES", of: null, like: null }) },
      {
        ALT: () => {
          this.CONSUME(k.CURRENT);
          const subject = this.OR2<Alternatives<ShowSubject>>([
            { ALT: () => (this.CONSUME(k.CATALOG), "CURRENT CATALOG") },
            { ALT: () => (this.CONSUME(k.DATABASE), "CURRENT DATABASE") },
          ]);
          return { kind: "show", subject, of: null, like: null };
        },
      },
      { ALT: () => this.SUBRULE(this.showMany) },
      {
        ALT: () => {
          this.CONSUME(k.CREATE);
          const subject = this.OR3<Alternatives<ShowSubject>>([
            { ALT: () => (this.CONSUME(k.TABLE), "CREATE TABLE") },
            { ALT: () => (this.CONSUME(k.VIEW), "CREATE VIEW") },
          ]);
          return { kind: "show", subject, of: this.SUBRULE(this.qualifiedName), like: null };
        },
      },
    ]);
  });

  /** What can be filtered by FROM and LIKE. */
  protected readonly showMany = this.RULE("showMany", (): Part<"show"> => {
    const start = this.here();
    const subject = this.OR<Alternatives<ShowSubject>>([
      { ALT: () => (this.CONSUME(k.TABLES), "TABLES") },
      { ALT: () => (this.CONSUME(k.VIEWS), "VIEWS") },
      { ALT: () => (this.CONSUME(k.COLUMNS), "COLUMNS") },
      { ALT: () => (this.CONSUME(k.FUNCTIONS), "FUNCTIONS") },
      {
        ALT: () => {
          this.CONSUME(k.USER);
          this.CONSUME2(k.FUNCTIONS);
          return "USER FUNCTIONS";
        },
      },
    ]);
    const of: QualifiedName | null =
      this.OPTION(() => {
        this.OR2([{ ALT: () => this.CONSUME(k.FROM) }, { ALT: () => this.CONSUME(k.IN) }]);
        return this.SUBRULE(this.qualifiedName);
      }) ?? null;
    this.ACTION(() => {
      if (subject === "COLUMNS" && of === null)
        fail(this.since(start), "SHOW COLUMNS without a table", "Add FROM and the table's name.");
    });
    const like: LikePattern | null =
      this.OPTION2(() => {
        const isNegated = this.SUBRULE(this.negated);
        this.CONSUME(k.LIKE);
        return { isNegated, pattern: this.SUBRULE(this.string) };
      }) ?? null;
    return { kind: "show", subject, of, like };
  });

  protected readonly describe = this.RULE("describe", (): Part<"describe"> => {
    this.OR([{ ALT: () => this.CONSUME(k.DESCRIBE) }, { ALT: () => this.CONSUME(k.DESC) }]);
    let isExtended = false;
    this.OPTION(() => {
      this.CONSUME(k.EXTENDED);
      isExtended = true;
    });
    return { kind: "describe", isExtended, name: this.SUBRULE(this.qualifiedName) };
  });

  protected readonly explain = this.RULE("explain", (): Part<"explain"> => {
    const wanted: ExplainDetail[] = [];
    this.CONSUME(k.EXPLAIN);
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(k.PLAN);
            this.CONSUME(k.FOR);
          },
        },
        {
          ALT: () => this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => wanted.push(this.SUBRULE(this.explainDetail)) }),
        },
      ]),
    );
    const start = this.here();
    const statement = this.firstOf<Part<"explain">["statement"]>([
      {
        ALT: () => {
          const query = this.SUBRULE(this.query);
          return { kind: "queryStatement", at: this.since(start), query };
        },
      },
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => this.SUBRULE(this.statementSet) },
    ]);
    return { kind: "explain", details: wanted, statement };
  });

  protected readonly explainDetail = this.RULE(
    "explainDetail",
    (): ExplainDetail =>
      this.OR<Alternatives<ExplainDetail>>(
        details.map((detail) => ({
          ALT: () => {
            this.CONSUME(k[detail]);
            return detail;
          },
        })),
      ),
  );

  protected readonly insert = this.RULE("insert", (): Insert => {
    const start = this.here();
    this.CONSUME(k.INSERT);
    const isOverwrite = this.OR([
      { ALT: () => (this.CONSUME(k.INTO), false) },
      { ALT: () => (this.CONSUME(k.OVERWRITE), true) },
    ]);
    const target = this.SUBRULE(this.qualifiedName);
    const hints = this.SUBRULE(this.hints);
    const columns: QualifiedName[] = [];
    this.OPTION({
      GATE: () => !this.opensQuery(),
      DEF: () => {
        this.CONSUME(LParen);
        this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => columns.push(this.SUBRULE2(this.qualifiedName)) });
        this.CONSUME(RParen);
      },
    });
    const query = this.SUBRULE(this.query);
    return { kind: "insert", at: this.since(start), isOverwrite, target, hints, columns, query };
  });

  /** `EXECUTE STATEMENT SET BEGIN …; END`, also `BEGIN STATEMENT SET; …; END` and, after EXPLAIN, without EXECUTE. */
  protected readonly statementSet = this.RULE("statementSet", (): StatementSet => {
    const start = this.here();
    const inserts: Insert[] = [];
    this.OR([
      {
        ALT: () => {
          this.OPTION(() => this.CONSUME(k.EXECUTE));
          this.CONSUME(k.STATEMENT);
          this.CONSUME(k.SET);
          this.CONSUME(k.BEGIN);
        },
      },
      {
        ALT: () => {
          this.CONSUME2(k.BEGIN);
          this.CONSUME2(k.STATEMENT);
          this.CONSUME2(k.SET);
          this.CONSUME(Semicolon);
        },
      },
    ]);
    this.AT_LEAST_ONE(() => {
      inserts.push(this.SUBRULE(this.insert));
      this.CONSUME2(Semicolon);
    });
    this.CONSUME(k.END);
    return { kind: "statementSet", at: this.since(start), inserts };
  });

  /** `EXECUTE INSERT …`, `EXECUTE SELECT …`: as without EXECUTE. */
  protected readonly execute = this.RULE("execute", (): Omit<Statement, "at"> => {
    this.CONSUME(k.EXECUTE);
    return this.OR<Alternatives<Omit<Statement, "at">>>([
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => ({ kind: "queryStatement", query: this.SUBRULE(this.query) }) },
    ]);
  });

  protected readonly setOption = this.RULE("setOption", (): Part<"set"> => {
    this.CONSUME(k.SET);
    const pair = this.OPTION(() => {
      const key = this.SUBRULE(this.string);
      this.CONSUME(Equal);
      return { key, value: this.SUBRULE2(this.string) };
    });
    return { kind: "set", key: pair?.key ?? null, value: pair?.value ?? null };
  });

  protected readonly resetOption = this.RULE("resetOption", (): Part<"reset"> => {
    this.CONSUME(k.RESET);
    const key = this.OPTION(() => this.SUBRULE(this.string)) ?? null;
    return { kind: "reset", key };
  });

  protected readonly use = this.RULE("use", (): Part<"use"> => {
    this.CONSUME(k.USE);
    let object: StatementOf<"use">["object"] = "DATABASE";
    this.OPTION({
      GATE: () => !this.isEnd(2),
      DEF: () => {
        this.CONSUME(k.CATALOG);
        object = "CATALOG";
      },
    });
    return { kind: "use", object, name: this.SUBRULE(this.qualifiedName) };
  });
}

/** Of tables and views, which have no TEMPORARY SYSTEM. */
function mayBeTemporary({ scope, at }: WrittenScope): boolean {
  if (scope === "TEMPORARY SYSTEM") fail(at, "SYSTEM is for functions", "A table or view is TEMPORARY, or neither.");
  return scope === "TEMPORARY";
}
