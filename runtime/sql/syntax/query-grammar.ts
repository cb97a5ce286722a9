/**
 * Owns: the grammar of queries. Rules of all grammars: name-grammar.ts.
 *
 * SQLQ1 Set operations bind to the left, INTERSECT first; ORDER BY and LIMIT belong to all of them. Parentheses have no node of their own unless
 *     there is a WITH, ORDER BY or LIMIT in them.
 */
import { tokenMatcher } from "chevrotain";
import type { Alternatives } from "./name-grammar.ts";
import type { Expression, Identifier, WindowSpecification } from "./expression-tree.ts";
import { ExpressionGrammar } from "./expression-grammar.ts";
import { fail } from "./problem.ts";
import type {
  CommonTable,
  GroupingItem,
  Hint,
  JoinKind,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableAlias,
  TableExpression,
} from "./query-tree.ts";
import { Comma, Dot, Equal, HintEnd, HintStart, k, LParen, Name, RParen, Star } from "./tokens.ts";

type Limits = { offset: Expression | null; limit: Expression | null };

export abstract class QueryGrammar extends ExpressionGrammar {
  protected override readonly query: () => Query = this.RULE("query", (): Query => {
    const start = this.here();
    return this.nested(() => {
      const commonTables = this.OPTION(() => this.SUBRULE(this.withClause)) ?? [];
      const body = this.SUBRULE(this.unions);
      const orderBy = this.SUBRULE(this.orderBy);
      const limits = this.SUBRULE(this.limits);
      const query: Query = { kind: "query", at: this.since(start), commonTables, body, orderBy, ...limits };
      // `((SELECT … LIMIT 1))` is what is in it (SQLQ1).
      return this.ACTION(() => (body.kind === "query" && isBare(query) ? { ...body, at: query.at } : query));
    });
  });

  protected readonly withClause = this.RULE("withClause", (): CommonTable[] => {
    const start = this.here();
    const tables: CommonTable[] = [];
    this.CONSUME(k.WITH);
    const recursive = this.OPTION(() => this.CONSUME(k.RECURSIVE));
    this.ACTION(() => {
      if (recursive !== undefined)
        fail(this.since(start), "WITH RECURSIVE is not supported", "A streaming query cannot refer to itself.");
    });
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => tables.push(this.SUBRULE(this.commonTable)) });
    return tables;
  });

  protected readonly commonTable = this.RULE("commonTable", (): CommonTable => {
    const start = this.here();
    const name = this.SUBRULE(this.identifier);
    const columns = this.OPTION(() => this.SUBRULE(this.nameList)) ?? [];
    this.CONSUME(k.AS);
    const query = this.SUBRULE(this.queryInParentheses);
    return { kind: "commonTable", at: this.since(start), name, columns, query };
  });

  /** LIMIT and OFFSET, or OFFSET and FETCH. */
  protected readonly limits = this.RULE("limits", (): Limits => {
    const limits: Limits = { offset: null, limit: null };
    this.OPTION(() => {
      this.CONSUME(k.LIMIT);
      this.OR([
        { ALT: () => this.CONSUME(k.ALL) },
        {
          ALT: () => {
            limits.limit = this.SUBRULE(this.expression);
          },
        },
      ]);
    });
    this.OPTION2(() => {
      this.CONSUME(k.OFFSET);
      limits.offset = this.SUBRULE2(this.expression);
      this.OPTION3(() => this.SUBRULE(this.rowWord));
    });
    this.OPTION4({
      GATE: () => limits.limit === null,
      DEF: () => {
        this.CONSUME(k.FETCH);
        this.OR2([{ ALT: () => this.CONSUME(k.FIRST) }, { ALT: () => this.CONSUME(k.NEXT) }]);
        limits.limit = this.SUBRULE3(this.expression);
        this.SUBRULE2(this.rowWord);
        this.CONSUME(k.ONLY);
      },
    });
    return limits;
  });

  protected readonly rowWord = this.RULE("rowWord", (): void => {
    this.OR([{ ALT: () => this.CONSUME(k.ROW) }, { ALT: () => this.CONSUME(k.ROWS) }]);
  });

  protected readonly unions: () => QueryBody = this.RULE("unions", (): QueryBody => {
    const start = this.here();
    let left = this.SUBRULE(this.intersections);
    let links = 0;
    this.MANY(() => {
      this.checkChain(++links);
      const operator = this.OR<Alternatives<"UNION" | "EXCEPT">>([
        { ALT: () => (this.CONSUME(k.UNION), "UNION") },
        { ALT: () => (this.CONSUME(k.EXCEPT), "EXCEPT") },
        { ALT: () => (this.CONSUME(k.MINUS), "EXCEPT") },
      ]);
      const isAll = this.SUBRULE(this.allOrDistinct);
      const right = this.SUBRULE2(this.intersections);
      left = { kind: "setOperation", at: this.since(start), operator, isAll, left, right };
    });
    return left;
  });

  protected readonly intersections: () => QueryBody = this.RULE("intersections", (): QueryBody => {
    const start = this.here();
    let left = this.SUBRULE(this.queryTerm);
    let links = 0;
    this.MANY(() => {
      this.checkChain(++links);
      this.CONSUME(k.INTERSECT);
      const isAll = this.SUBRULE(this.allOrDistinct);
      const right = this.SUBRULE2(this.queryTerm);
      left = { kind: "setOperation", at: this.since(start), operator: "INTERSECT", isAll, left, right };
    });
    return left;
  });

  protected readonly allOrDistinct = this.RULE("allOrDistinct", (): boolean => {
    let isAll = false;
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(k.ALL);
            isAll = true;
          },
        },
        { ALT: () => this.CONSUME(k.DISTINCT) },
      ]),
    );
    return isAll;
  });

  protected readonly queryTerm: () => QueryBody = this.RULE("queryTerm", (): QueryBody => {
    const start = this.here();
    return this.OR<Alternatives<QueryBody>>([
      { ALT: () => this.SUBRULE(this.select) },
      {
        ALT: () => {
          const rows: Expression[][] = [];
          this.CONSUME(k.VALUES);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => rows.push(this.SUBRULE(this.valuesRow)) });
          return { kind: "values", at: this.since(start), rows };
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.TABLE);
          const name = this.SUBRULE(this.qualifiedName);
          return { kind: "explicitTable", at: this.since(start), name };
        },
      },
      {
        ALT: () => {
          const query = this.SUBRULE(this.queryInParentheses);
          return this.ACTION(() => (isBare(query) ? query.body : query));
        },
      },
    ]);
  });

  protected readonly valuesRow = this.RULE("valuesRow", (): Expression[] => {
    const row = this.SUBRULE(this.expression);
    return this.ACTION(() => (row.kind === "row" ? [...row.items] : [row]));
  });

  protected readonly select = this.RULE("select", (): Select => {
    const start = this.here();
    const items: SelectItem[] = [];
    const windows: { name: Identifier; window: WindowSpecification }[] = [];
    this.CONSUME(k.SELECT);
    const hints = this.SUBRULE(this.hints);
    let isDistinct = false;
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(k.ALL) },
        {
          ALT: () => {
            this.CONSUME(k.DISTINCT);
            isDistinct = true;
          },
        },
      ]),
    );
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.selectItem)) });
    const from =
      this.OPTION2(() => {
        this.CONSUME(k.FROM);
        return this.SUBRULE(this.tableList);
      }) ?? null;
    const where =
      this.OPTION3(() => {
        this.CONSUME(k.WHERE);
        return this.SUBRULE(this.expression);
      }) ?? null;
    const groupBy = this.OPTION4(() => this.SUBRULE(this.groupBy)) ?? null;
    const having =
      this.OPTION5(() => {
        this.CONSUME(k.HAVING);
        return this.SUBRULE2(this.expression);
      }) ?? null;
    this.OPTION6(() => {
      this.CONSUME(k.WINDOW);
      this.AT_LEAST_ONE_SEP2({
        SEP: Comma,
        DEF: () => {
          const name = this.SUBRULE(this.identifier);
          this.CONSUME(k.AS);
          windows.push({ name, window: this.SUBRULE(this.windowSpecification) });
        },
      });
    });
    const qualify =
      this.OPTION7(() => {
        this.CONSUME(k.QUALIFY);
        return this.SUBRULE3(this.expression);
      }) ?? null;
    const at = this.since(start);
    return { kind: "select", at, hints, isDistinct, items, from, where, groupBy, having, qualify, windows };
  });

  protected readonly hints = this.RULE("hints", (): Hint[] => {
    const hints: Hint[] = [];
    this.MANY(() => {
      this.CONSUME(HintStart);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => hints.push(this.SUBRULE(this.hint)) });
      this.CONSUME(HintEnd);
    });
    return hints;
  });

  protected readonly hint = this.RULE("hint", (): Hint => {
    const start = this.here();
    const options: { key: string; value: string }[] = [];
    const args: string[] = [];
    const name = this.SUBRULE(this.identifier);
    this.OPTION(() => {
      this.CONSUME(LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: Comma,
        DEF: () => {
          const key = this.SUBRULE(this.hintWord);
          const value = this.OPTION2(() => {
            this.CONSUME(Equal);
            return this.SUBRULE2(this.hintWord);
          });
          if (value === undefined) args.push(key);
          else options.push({ key, value });
        },
      });
      this.CONSUME(RParen);
    });
    return { kind: "hint", at: this.since(start), name, options, arguments: args };
  });

  protected readonly hintWord = this.RULE("hintWord", (): string =>
    this.OR<Alternatives<string>>([
      { ALT: () => this.SUBRULE(this.string) },
      { ALT: () => String(this.SUBRULE(this.wholeNumber)) },
      {
        ALT: () => {
          const name = this.SUBRULE(this.qualifiedName);
          return this.ACTION(() => name.parts.map((part) => part.name).join("."));
        },
      },
    ]),
  );

  /** Whether `*`, `t.*` or `d.t.*` comes next. */
  #isWildcardNext(): boolean {
    let at = 1;
    while (tokenMatcher(this.LA(at), Name) && this.isNext(Dot, at + 1)) at += 2;
    return this.isNext(Star, at);
  }

  protected readonly selectItem = this.RULE("selectItem", (): SelectItem => {
    const start = this.here();
    return this.firstOf<SelectItem>([
      {
        GATE: () => this.#isWildcardNext(),
        ALT: () => {
          const table: Identifier[] = [];
          this.MANY(() => {
            table.push(this.SUBRULE(this.identifier));
            this.CONSUME(Dot);
          });
          this.CONSUME(Star);
          return { kind: "wildcard", at: this.since(start), table };
        },
      },
      {
        ALT: () => {
          const value = this.SUBRULE(this.expression);
          const alias =
            this.OPTION(() => {
              this.OPTION2(() => this.CONSUME(k.AS));
              return this.SUBRULE2(this.identifier);
            }) ?? null;
          return { kind: "selectExpression", at: this.since(start), value, alias };
        },
      },
    ]);
  });

  protected readonly groupBy = this.RULE("groupBy", (): GroupingItem[] => {
    const items: GroupingItem[] = [];
    this.CONSUME(k.GROUP);
    this.CONSUME(k.BY);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.groupingItem)) });
    return items;
  });

  protected readonly groupingItem: () => GroupingItem = this.RULE("groupingItem", (): GroupingItem => {
    const start = this.here();
    return this.firstOf<GroupingItem>([
      {
        GATE: () => this.isNext(RParen, 2),
        ALT: () => {
          this.CONSUME(LParen);
          this.CONSUME(RParen);
          return { kind: "groupingTuple", at: this.since(start), items: [] };
        },
      },
      {
        GATE: () => this.isNext(k.SETS, 2),
        ALT: () => {
          this.CONSUME(k.GROUPING);
          this.CONSUME(k.SETS);
          const items = this.SUBRULE(this.groupingItems);
          return { kind: "groupingSets", at: this.since(start), items };
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.CUBE);
          const items = this.SUBRULE2(this.groupingItems);
          return { kind: "cube", at: this.since(start), items };
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.ROLLUP);
          const items = this.SUBRULE3(this.groupingItems);
          return { kind: "rollup", at: this.since(start), items };
        },
      },
      {
        ALT: () => {
          const value = this.SUBRULE(this.expression);
          const at = this.since(start);
          return this.ACTION(
            (): GroupingItem =>
              value.kind === "row"
                ? { kind: "groupingTuple", at, items: value.items }
                : { kind: "groupingExpression", at, value },
          );
        },
      },
    ]);
  });

  protected readonly groupingItems = this.RULE("groupingItems", (): GroupingItem[] => {
    const items: GroupingItem[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.groupingItem)) });
    this.CONSUME(RParen);
    return items;
  });

  /** Tables with commas between them: each comma is a cross join of all before it with what is joined behind it. */
  protected readonly tableList: () => TableExpression = this.RULE("tableList", (): TableExpression => {
    const start = this.here();
    let left = this.SUBRULE(this.joinedTable);
    let links = 0;
    this.MANY(() => {
      this.checkChain(++links);
      this.CONSUME(Comma);
      const right = this.SUBRULE2(this.joinedTable);
      left = {
        kind: "join",
        at: this.since(start),
        join: "CROSS",
        isNatural: false,
        left,
        right,
        on: null,
        using: [],
      };
    });
    return left;
  });

  protected readonly joinedTable: () => TableExpression = this.RULE("joinedTable", (): TableExpression => {
    const start = this.here();
    let left = this.SUBRULE(this.tableFactor);
    let links = 0;
    this.MANY(() => {
      this.checkChain(++links);
      const joinStart = this.here();
      let isNatural = false;
      this.OPTION(() => {
        this.CONSUME(k.NATURAL);
        isNatural = true;
      });
      const join = this.SUBRULE(this.joinKind);
      const joinAt = this.since(joinStart);
      const right = this.SUBRULE2(this.tableFactor);
      const on =
        this.OPTION2(() => {
          this.CONSUME(k.ON);
          return this.SUBRULE(this.expression);
        }) ?? null;
      const using =
        this.OPTION3({
          GATE: () => on === null,
          DEF: () => {
            this.CONSUME(k.USING);
            return this.SUBRULE(this.nameList);
          },
        }) ?? [];
      this.ACTION(() => {
        const hasCondition = on !== null || using.length > 0;
        if (join === "CROSS" || isNatural) {
          if (hasCondition)
            fail(
              joinAt,
              `${isNatural ? "a NATURAL" : "CROSS"} JOIN takes no condition`,
              isNatural ? "Leave out NATURAL, or the condition." : "Write JOIN … ON, or move the condition to WHERE.",
            );
        } else if (!hasCondition)
          fail(joinAt, "this JOIN has no condition", "Add ON … behind the table, or write CROSS JOIN.");
      });
      left = { kind: "join", at: this.since(start), join, isNatural, left, right, on, using };
    });
    return left;
  });

  protected readonly joinKind = this.RULE("joinKind", (): JoinKind => {
    const kind =
      this.OPTION(() =>
        this.OR<Alternatives<JoinKind>>([
          { ALT: () => (this.CONSUME(k.INNER), "INNER") },
          { ALT: () => (this.CONSUME(k.CROSS), "CROSS") },
          {
            ALT: () => {
              const side = this.OR2<Alternatives<JoinKind>>([
                { ALT: () => (this.CONSUME(k.LEFT), "LEFT") },
                { ALT: () => (this.CONSUME(k.RIGHT), "RIGHT") },
                { ALT: () => (this.CONSUME(k.FULL), "FULL") },
              ]);
              this.OPTION2(() => this.CONSUME(k.OUTER));
              return side;
            },
          },
        ]),
      ) ?? "INNER";
    this.CONSUME(k.JOIN);
    return kind;
  });

  protected readonly tableFactor: () => TableExpression = this.RULE("tableFactor", (): TableExpression => {
    const start = this.here();
    return this.firstOf<TableExpression>([
      { ALT: () => this.SUBRULE(this.lateral) },
      { ALT: () => this.SUBRULE(this.tableFunction, { ARGS: [start, false] }) },
      { ALT: () => this.SUBRULE(this.unnest) },
      { GATE: () => this.opensQuery(), ALT: () => this.SUBRULE(this.derivedTable, { ARGS: [start, false] }) },
      {
        ALT: () => {
          this.CONSUME(LParen);
          const table = this.nested(() => this.SUBRULE(this.tableList));
          this.CONSUME(RParen);
          return table;
        },
      },
      { GATE: () => this.isCallNext(), ALT: () => this.SUBRULE(this.bareTableFunction, { ARGS: [start, false] }) },
      { ALT: () => this.SUBRULE(this.namedTable) },
    ]);
  });

  protected readonly lateral = this.RULE("lateral", (): TableExpression => {
    const start = this.here();
    this.CONSUME(k.LATERAL);
    return this.OR<Alternatives<TableExpression>>([
      { ALT: () => this.SUBRULE(this.tableFunction, { ARGS: [start, true] }) },
      { ALT: () => this.SUBRULE(this.derivedTable, { ARGS: [start, true] }) },
      { ALT: () => this.SUBRULE(this.bareTableFunction, { ARGS: [start, true] }) },
    ]);
  });

  protected readonly tableFunction = this.RULE("tableFunction", (start = 0, isLateral = false): TableExpression => {
    this.CONSUME(k.TABLE);
    this.CONSUME(LParen);
    const call = this.SUBRULE(this.call);
    this.CONSUME(RParen);
    const alias = this.SUBRULE(this.tableAlias);
    return { kind: "tableFunction", at: this.since(start), call, isLateral, alias };
  });

  /** A window function without `TABLE( )` around it. */
  protected readonly bareTableFunction = this.RULE(
    "bareTableFunction",
    (start = 0, isLateral = false): TableExpression => {
      const call = this.SUBRULE(this.call);
      const alias = this.SUBRULE(this.tableAlias);
      return { kind: "tableFunction", at: this.since(start), call, isLateral, alias };
    },
  );

  protected readonly unnest = this.RULE("unnest", (): TableExpression => {
    const start = this.here();
    const items: Expression[] = [];
    this.CONSUME(k.UNNEST);
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
    this.CONSUME(RParen);
    let withOrdinality = false;
    this.OPTION(() => {
      this.CONSUME(k.WITH);
      this.CONSUME(k.ORDINALITY);
      withOrdinality = true;
    });
    const alias = this.SUBRULE(this.tableAlias);
    return { kind: "unnest", at: this.since(start), items, withOrdinality, alias };
  });

  protected readonly derivedTable = this.RULE("derivedTable", (start = 0, isLateral = false): TableExpression => {
    const query = this.SUBRULE(this.queryInParentheses);
    const alias = this.SUBRULE(this.tableAlias);
    return { kind: "derivedTable", at: this.since(start), query, isLateral, alias };
  });

  protected readonly namedTable = this.RULE("namedTable", (): TableExpression => {
    const start = this.here();
    const name = this.SUBRULE(this.qualifiedName);
    const hints = this.SUBRULE(this.hints);
    const systemTime =
      this.OPTION(() => {
        this.CONSUME(k.FOR);
        this.CONSUME(k.SYSTEM_TIME);
        this.CONSUME(k.AS);
        this.CONSUME(k.OF);
        return this.SUBRULE(this.expression);
      }) ?? null;
    const alias = this.SUBRULE(this.tableAlias);
    return { kind: "table", at: this.since(start), name, hints, systemTime, alias };
  });

  protected readonly tableAlias = this.RULE("tableAlias", (): TableAlias | null => {
    const alias = this.OPTION(() => {
      this.OPTION2(() => this.CONSUME(k.AS));
      const name = this.SUBRULE(this.identifier);
      const columns = this.OPTION3(() => this.SUBRULE(this.nameList)) ?? [];
      return { name, columns };
    });
    return alias ?? null;
  });
}

/** Whether it has nothing of its own around its body. */
const isBare = ({ commonTables, orderBy, offset, limit }: Query): boolean =>
  commonTables.length + orderBy.length === 0 && offset === null && limit === null;
