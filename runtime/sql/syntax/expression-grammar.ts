/**
 * Owns: the grammar of expressions: operators by precedence, and what they stand on. Rules of all grammars: name-grammar.ts.
 *
 * SQLO1 Operators bind as in Flink, from the loosest: OR, AND, NOT, IS, comparisons, BETWEEN and IN and LIKE, sums, products and `||`, signs.
 * SQLO2 What opens with a parenthesis is a query when a query word stands behind all the parentheses that open there; behind two or more, the
 *     inner one has to be followed by what continues a query, so that `((SELECT 1) + 1)` is a sum.
 */
import { type Alternatives, NESTING_MAX } from "./name-grammar.ts";
import type { TokenType } from "chevrotain";
import type {
  BinaryOperator,
  ComparisonOperator,
  Expression,
  Identifier,
  Literal,
  TruthTest,
} from "./expression-tree.ts";
import { JsonGrammar } from "./json-grammar.ts";
import { fail } from "./problem.ts";
import type { Query } from "./query-tree.ts";
import {
  ApproximateLiteral,
  BinaryLiteral,
  Comma,
  Concat,
  DecimalLiteral,
  Dot,
  Equal,
  Greater,
  GreaterOrEqual,
  IntegerLiteral,
  k,
  LBracket,
  Less,
  LessOrEqual,
  LParen,
  Minus,
  NotEqual,
  Percent,
  Plus,
  RBracket,
  RParen,
  Slash,
  Star,
  StringLiteral,
} from "./tokens.ts";

const comparisons: readonly (readonly [TokenType, ComparisonOperator])[] = [
  [Equal, "="],
  [NotEqual, "<>"],
  [LessOrEqual, "<="],
  [GreaterOrEqual, ">="],
  [Less, "<"],
  [Greater, ">"],
];

/** `CASE x WHEN 1, 2 THEN …`: each of them stands for `x =` it. */
function requireOperand(operand: Expression | null, whens: readonly Expression[]): void {
  const [, second] = whens;
  if (operand === null && second !== undefined)
    fail(second.at, "a second condition in WHEN", "Join conditions by OR; lists are for CASE value WHEN 1, 2 THEN ….");
}

const queryWords = [k.SELECT, k.WITH, k.VALUES, k.TABLE];
const continuesQuery = [k.UNION, k.INTERSECT, k.EXCEPT, k.MINUS, k.ORDER, k.LIMIT, k.OFFSET, k.FETCH, RParen];

export abstract class ExpressionGrammar extends JsonGrammar {
  /** SQLO2: whether the parenthesis there opens a query. */
  protected opensQuery(ahead = 1): boolean {
    // Behind more parentheses than may be nested it does not matter (SQLG3).
    if (!this.isNext(LParen, ahead) || ahead > NESTING_MAX) return false;
    if (this.isNextOneOf(queryWords, ahead + 1)) return true;
    return this.opensQuery(ahead + 1) && this.isNextOneOf(continuesQuery, this.closingOf(ahead + 1) + 1);
  }

  protected override readonly expression: () => Expression = this.RULE(
    "expression",
    (): Expression => this.nested(() => this.SUBRULE(this.disjunction)),
  );

  /** A rule for operators that bind alike, to the left. */
  #chain(
    name: string,
    operand: () => () => Expression,
    operators: readonly (readonly [TokenType, BinaryOperator])[],
  ): () => Expression {
    return this.RULE(name, (): Expression => {
      const start = this.here();
      let left = this.SUBRULE(operand());
      let links = 0;
      this.MANY(() => {
        this.checkChain(++links);
        const operator = this.OR(
          operators.map(([token, text]) => ({
            ALT: () => {
              this.CONSUME(token);
              return text;
            },
          })),
        );
        const right = this.SUBRULE2(operand());
        left = { kind: "binary", at: this.since(start), operator, left, right };
      });
      return left;
    });
  }

  protected readonly disjunction: () => Expression = this.#chain("disjunction", () => this.conjunction, [[k.OR, "OR"]]);

  protected readonly conjunction: () => Expression = this.#chain("conjunction", () => this.negation, [[k.AND, "AND"]]);

  protected readonly negation: () => Expression = this.RULE("negation", (): Expression => {
    const start = this.here();
    return this.OR<Alternatives<Expression>>([
      {
        ALT: () => {
          this.CONSUME(k.NOT);
          const operand = this.nested(() => this.SUBRULE(this.negation));
          return { kind: "unary", at: this.since(start), operator: "NOT", operand };
        },
      },
      { ALT: () => this.SUBRULE(this.truthTest) },
    ]);
  });

  /** `x IS NOT NULL`, `a IS DISTINCT FROM b`. */
  protected readonly truthTest = this.RULE("truthTest", (): Expression => {
    const start = this.here();
    let operand = this.SUBRULE(this.comparison);
    this.MANY(() => {
      this.CONSUME(k.IS);
      const isNegated = this.SUBRULE(this.negated);
      operand = this.OR<Alternatives<Expression>>([
        {
          ALT: () => {
            const test = this.SUBRULE(this.truthValue);
            return { kind: "is", at: this.since(start), operand, test, isNegated };
          },
        },
        {
          ALT: () => {
            this.CONSUME(k.DISTINCT);
            this.CONSUME(k.FROM);
            const right = this.SUBRULE2(this.comparison);
            return { kind: "isDistinct", at: this.since(start), left: operand, right, isNegated };
          },
        },
      ]);
    });
    return operand;
  });

  protected readonly negated = this.RULE("negated", (): boolean => {
    let isNegated = false;
    this.OPTION(() => {
      this.CONSUME(k.NOT);
      isNegated = true;
    });
    return isNegated;
  });

  protected readonly truthValue = this.RULE(
    "truthValue",
    (): TruthTest =>
      this.OR<Alternatives<TruthTest>>([
        { ALT: () => (this.CONSUME(k.NULL), "NULL") },
        { ALT: () => (this.CONSUME(k.TRUE), "TRUE") },
        { ALT: () => (this.CONSUME(k.FALSE), "FALSE") },
        { ALT: () => (this.CONSUME(k.UNKNOWN), "UNKNOWN") },
        {
          ALT: () => {
            this.CONSUME(k.JSON);
            const kind = this.OPTION(() =>
              this.OR2<Alternatives<TruthTest>>([
                { ALT: () => (this.CONSUME(k.VALUE), "JSON VALUE") },
                { ALT: () => (this.CONSUME(k.OBJECT), "JSON OBJECT") },
                { ALT: () => (this.CONSUME(k.ARRAY), "JSON ARRAY") },
                { ALT: () => (this.CONSUME(k.SCALAR), "JSON SCALAR") },
              ]),
            );
            return kind ?? "JSON VALUE";
          },
        },
      ]),
  );

  protected readonly comparison: () => Expression = this.RULE("comparison", (): Expression => {
    const start = this.here();
    let left = this.SUBRULE(this.predicate);
    let links = 0;
    this.MANY(() => {
      this.checkChain(++links);
      const operator = this.OR(
        comparisons.map(([token, text]) => ({
          ALT: () => {
            this.CONSUME(token);
            return text;
          },
        })),
      );
      const operand = left;
      left = this.firstOf<Expression>([
        {
          ALT: () => {
            const quantifier = this.SUBRULE(this.quantifier);
            const query = this.SUBRULE(this.queryInParentheses);
            return { kind: "quantified", at: this.since(start), operand, operator, quantifier, query };
          },
        },
        {
          ALT: () => {
            const right = this.SUBRULE2(this.predicate);
            return { kind: "binary", at: this.since(start), operator, left: operand, right };
          },
        },
      ]);
    });
    return left;
  });

  protected readonly quantifier = this.RULE("quantifier", (): "ALL" | "ANY" =>
    this.OR<Alternatives<"ALL" | "ANY">>([
      { ALT: () => (this.CONSUME(k.ALL), "ALL") },
      { ALT: () => (this.CONSUME(k.ANY), "ANY") },
      { ALT: () => (this.CONSUME(k.SOME), "ANY") },
    ]),
  );

  protected readonly queryInParentheses = this.RULE("queryInParentheses", (): Query => {
    this.CONSUME(LParen);
    const query = this.SUBRULE(this.query);
    this.CONSUME(RParen);
    return query;
  });

  /** BETWEEN, IN, LIKE and SIMILAR TO. */
  protected readonly predicate: () => Expression = this.RULE("predicate", (): Expression => {
    const start = this.here();
    let operand = this.SUBRULE(this.additive);
    this.MANY(() => {
      const isNegated = this.SUBRULE(this.negated);
      const made = this.OR<Alternatives<(left: Expression) => Expression>>([
        { ALT: () => this.SUBRULE(this.between, { ARGS: [start, isNegated] }) },
        { ALT: () => this.SUBRULE(this.inside, { ARGS: [start, isNegated] }) },
        { ALT: () => this.SUBRULE(this.matching, { ARGS: [start, isNegated] }) },
      ]);
      operand = this.ACTION(() => made(operand));
    });
    return operand;
  });

  protected readonly between = this.RULE(
    "between",
    (start = 0, isNegated = false): ((left: Expression) => Expression) => {
      this.CONSUME(k.BETWEEN);
      let isSymmetric = false;
      this.OPTION(() =>
        this.OR([
          { ALT: () => this.CONSUME(k.ASYMMETRIC) },
          {
            ALT: () => {
              this.CONSUME(k.SYMMETRIC);
              isSymmetric = true;
            },
          },
        ]),
      );
      const low = this.SUBRULE(this.additive);
      this.CONSUME(k.AND);
      const high = this.SUBRULE2(this.additive);
      const at = this.since(start);
      return (operand) => ({ kind: "between", at, operand, low, high, isNegated, isSymmetric });
    },
  );

  protected readonly inside = this.RULE(
    "inside",
    (start = 0, isNegated = false): ((left: Expression) => Expression) => {
      this.CONSUME(k.IN);
      return this.firstOf<(left: Expression) => Expression>([
        {
          GATE: () => this.opensQuery(),
          ALT: () => {
            const query = this.SUBRULE(this.queryInParentheses);
            const at = this.since(start);
            return (operand) => ({ kind: "inQuery", at, operand, query, isNegated });
          },
        },
        {
          ALT: () => {
            const items: Expression[] = [];
            this.CONSUME(LParen);
            this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
            this.CONSUME(RParen);
            const at = this.since(start);
            return (operand) => ({ kind: "inList", at, operand, items, isNegated });
          },
        },
      ]);
    },
  );

  protected readonly matching = this.RULE(
    "matching",
    (start = 0, isNegated = false): ((left: Expression) => Expression) => {
      const operator = this.OR([
        { ALT: () => (this.CONSUME(k.LIKE), "LIKE" as const) },
        {
          ALT: () => {
            this.CONSUME(k.SIMILAR);
            this.CONSUME(k.TO);
            return "SIMILAR TO" as const;
          },
        },
      ]);
      const pattern = this.SUBRULE(this.additive);
      const escape =
        this.OPTION(() => {
          this.CONSUME(k.ESCAPE);
          return this.SUBRULE2(this.additive);
        }) ?? null;
      const at = this.since(start);
      return (operand) => ({ kind: "like", at, operator, operand, pattern, escape, isNegated });
    },
  );

  protected override readonly additive: () => Expression = this.#chain("additive", () => this.multiplicative, [
    [Plus, "+"],
    [Minus, "-"],
  ]);

  protected readonly multiplicative: () => Expression = this.#chain("multiplicative", () => this.signed, [
    [Star, "*"],
    [Slash, "/"],
    [Percent, "%"],
    [Concat, "||"],
  ]);

  protected readonly signed: () => Expression = this.RULE("signed", (): Expression => {
    const start = this.here();
    return this.OR<Alternatives<Expression>>([
      {
        ALT: () => {
          const operator = this.OR2([
            { ALT: () => (this.CONSUME(Plus), "+" as const) },
            { ALT: () => (this.CONSUME(Minus), "-" as const) },
          ]);
          const operand = this.nested(() => this.SUBRULE(this.signed));
          return { kind: "unary", at: this.since(start), operator, operand };
        },
      },
      { ALT: () => this.SUBRULE(this.accessed) },
    ]);
  });

  /** `list[1]`, `f(x).street`. */
  protected readonly accessed = this.RULE("accessed", (): Expression => {
    const start = this.here();
    let operand = this.SUBRULE(this.primary);
    let links = 0;
    this.MANY(() => {
      this.checkChain(++links);
      operand = this.OR<Alternatives<Expression>>([
        {
          ALT: () => {
            this.CONSUME(LBracket);
            const index = this.SUBRULE(this.expression);
            this.CONSUME(RBracket);
            return { kind: "element", at: this.since(start), operand, index };
          },
        },
        {
          ALT: () => {
            this.CONSUME(Dot);
            const field = this.SUBRULE(this.identifier);
            return { kind: "field", at: this.since(start), operand, field };
          },
        },
      ]);
    });
    return operand;
  });

  protected readonly primary = this.RULE(
    "primary",
    (): Expression =>
      this.firstOf<Expression>([
        { ALT: () => this.SUBRULE(this.literal) },
        { GATE: () => this.isNext(StringLiteral, 2), ALT: () => this.SUBRULE(this.temporal) },
        { ALT: () => this.SUBRULE(this.interval) },
        { ALT: () => this.SUBRULE(this.caseExpression) },
        { ALT: () => this.SUBRULE(this.cast) },
        { ALT: () => this.SUBRULE(this.exists) },
        { ALT: () => this.SUBRULE(this.jsonCall) },
        { GATE: () => this.isNext(LParen, 2), ALT: () => this.SUBRULE(this.wordedCall) },
        { ALT: () => this.SUBRULE(this.rowConstructor) },
        { GATE: () => this.isNext(LBracket, 2), ALT: () => this.SUBRULE(this.collection) },
        { GATE: () => this.isCallNext(), ALT: () => this.SUBRULE(this.call) },
        { ALT: () => this.SUBRULE(this.bareCall) },
        { GATE: () => this.opensQuery(), ALT: () => this.SUBRULE(this.scalarQuery) },
        { ALT: () => this.SUBRULE(this.parenthesised) },
        { ALT: () => this.SUBRULE(this.column) },
      ]),
  );

  protected readonly literal = this.RULE("literal", (): Literal => {
    const start = this.here();
    return this.OR<Alternatives<Literal>>([
      { ALT: () => ({ kind: "number", text: this.CONSUME(IntegerLiteral).image, at: this.since(start) }) },
      { ALT: () => ({ kind: "number", text: this.CONSUME(DecimalLiteral).image, at: this.since(start) }) },
      { ALT: () => ({ kind: "number", text: this.CONSUME(ApproximateLiteral).image, at: this.since(start) }) },
      { ALT: () => ({ kind: "string", value: this.SUBRULE(this.string), at: this.since(start) }) },
      {
        ALT: () => {
          const hex = this.CONSUME(BinaryLiteral).image.slice(2, -1).toUpperCase();
          return { kind: "bytes", hex, at: this.since(start) };
        },
      },
      { ALT: () => (this.CONSUME(k.NULL), { kind: "null", at: this.since(start) }) },
      { ALT: () => (this.CONSUME(k.TRUE), { kind: "boolean", value: true, at: this.since(start) }) },
      { ALT: () => (this.CONSUME(k.FALSE), { kind: "boolean", value: false, at: this.since(start) }) },
    ]);
  });

  /** `DATE '2026-01-31'`. */
  protected readonly temporal = this.RULE("temporal", (): Literal => {
    const start = this.here();
    const type = this.OR([
      { ALT: () => (this.CONSUME(k.DATE), "DATE" as const) },
      { ALT: () => (this.CONSUME(k.TIME), "TIME" as const) },
      { ALT: () => (this.CONSUME(k.TIMESTAMP), "TIMESTAMP" as const) },
    ]);
    const text = this.SUBRULE(this.string);
    return { kind: "temporal", at: this.since(start), type, text };
  });

  /** `INTERVAL '5' SECOND`. */
  protected readonly interval = this.RULE("interval", (): Literal => {
    const start = this.here();
    let isNegative = false;
    this.CONSUME(k.INTERVAL);
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(Plus) },
        {
          ALT: () => {
            this.CONSUME(Minus);
            isNegative = true;
          },
        },
      ]),
    );
    const text = this.SUBRULE(this.string);
    const qualifier = this.SUBRULE(this.intervalQualifier);
    return { kind: "interval", at: this.since(start), isNegative, text, qualifier };
  });

  protected readonly caseExpression = this.RULE("caseExpression", (): Expression => {
    const start = this.here();
    const branches: { when: Expression; result: Expression }[] = [];
    this.CONSUME(k.CASE);
    const operand = this.OPTION(() => this.SUBRULE(this.expression)) ?? null;
    this.AT_LEAST_ONE(() => {
      this.CONSUME(k.WHEN);
      const whens: Expression[] = [];
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => whens.push(this.SUBRULE2(this.expression)) });
      this.CONSUME(k.THEN);
      const result = this.SUBRULE3(this.expression);
      this.ACTION(() => requireOperand(operand, whens));
      for (const when of whens) branches.push({ when, result });
    });
    const otherwise =
      this.OPTION2(() => {
        this.CONSUME(k.ELSE);
        return this.SUBRULE4(this.expression);
      }) ?? null;
    this.CONSUME(k.END);
    return { kind: "case", at: this.since(start), operand, branches, otherwise };
  });

  protected readonly cast = this.RULE("cast", (): Expression => {
    const start = this.here();
    const isTry = this.OR([
      { ALT: () => (this.CONSUME(k.CAST), false) },
      { ALT: () => (this.CONSUME(k.TRY_CAST), true) },
    ]);
    this.CONSUME(LParen);
    const operand = this.SUBRULE(this.expression);
    this.CONSUME(k.AS);
    const type = this.SUBRULE(this.typeName);
    this.CONSUME(RParen);
    return { kind: "cast", at: this.since(start), operand, type, isTry };
  });

  protected readonly exists = this.RULE("exists", (): Expression => {
    const start = this.here();
    this.CONSUME(k.EXISTS);
    const query = this.SUBRULE(this.queryInParentheses);
    return { kind: "exists", at: this.since(start), query };
  });

  protected readonly rowConstructor = this.RULE("rowConstructor", (): Expression => {
    const start = this.here();
    const items: Expression[] = [];
    this.CONSUME(k.ROW);
    this.CONSUME(LParen);
    this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
    this.CONSUME(RParen);
    return { kind: "row", at: this.since(start), items };
  });

  /** `ARRAY[1, 2]`, `MAP['a', 1]`. */
  protected readonly collection = this.RULE("collection", (): Expression => {
    const start = this.here();
    const items: Expression[] = [];
    const kind = this.OR([
      { ALT: () => (this.CONSUME(k.ARRAY), "array" as const) },
      { ALT: () => (this.CONSUME(k.MAP), "map" as const) },
    ]);
    this.CONSUME(LBracket);
    this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
    this.CONSUME(RBracket);
    return { kind, at: this.since(start), items };
  });

  /** `CURRENT_TIMESTAMP`. */
  protected readonly bareCall = this.RULE("bareCall", (): Expression => {
    const start = this.here();
    const { image } = this.OR([
      { ALT: () => this.CONSUME(k.CURRENT_DATE) },
      { ALT: () => this.CONSUME(k.CURRENT_TIME) },
      { ALT: () => this.CONSUME(k.CURRENT_TIMESTAMP) },
      { ALT: () => this.CONSUME(k.LOCALTIME) },
      { ALT: () => this.CONSUME(k.LOCALTIMESTAMP) },
      { ALT: () => this.CONSUME(k.CURRENT_USER) },
      { ALT: () => this.CONSUME(k.SESSION_USER) },
      { ALT: () => this.CONSUME(k.SYSTEM_USER) },
    ]);
    const at = this.since(start);
    const identifier: Identifier = { kind: "identifier", at, name: String(image).toUpperCase() };
    const name = { kind: "name", at, parts: [identifier] } as const;
    return { kind: "call", at, name, quantifier: null, arguments: [], suffix: null };
  });

  protected readonly scalarQuery = this.RULE("scalarQuery", (): Expression => {
    const start = this.here();
    const query = this.SUBRULE(this.queryInParentheses);
    return { kind: "subquery", at: this.since(start), query };
  });

  /** One expression, or a row of several. */
  protected readonly parenthesised = this.RULE("parenthesised", (): Expression => {
    const start = this.here();
    const items: Expression[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
    this.CONSUME(RParen);
    const [only] = items;
    return only !== undefined && items.length === 1 ? only : { kind: "row", at: this.since(start), items };
  });

  protected readonly column = this.RULE("column", (): Expression => {
    const start = this.here();
    const path = [this.SUBRULE(this.identifier)];
    this.MANY(() => {
      this.CONSUME(Dot);
      path.push(this.SUBRULE2(this.identifier));
    });
    return { kind: "column", at: this.since(start), path };
  });
}
