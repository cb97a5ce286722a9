/**
 * Owns: the grammar of JSON functions, whose arguments end in clauses of words. Rules of all grammars: name-grammar.ts.
 */
import { CallGrammar } from "./call-grammar.ts";
import type { Alternatives } from "./name-grammar.ts";
import type { Expression, JsonBehavior, JsonCall } from "./expression-tree.ts";
import { fail } from "./problem.ts";
import type { Span } from "./span.ts";
import { Comma, Dot, k, LParen, RParen } from "./tokens.ts";

type JsonName = JsonCall["name"];

const noClauses = { returning: null, wrapper: null, onEmpty: null, onError: null, onNull: null } as const;

export abstract class JsonGrammar extends CallGrammar {
  protected readonly jsonCall = this.RULE("jsonCall", (): Expression => {
    const start = this.here();
    const call = this.OR<Alternatives<Omit<JsonCall, "suffix">>>([
      { ALT: () => this.SUBRULE(this.jsonQuery) },
      { ALT: () => this.SUBRULE(this.jsonObject) },
      { ALT: () => this.SUBRULE(this.jsonArray) },
    ]);
    const suffix = this.SUBRULE(this.callSuffix);
    return { ...call, at: this.since(start), suffix };
  });

  /** JSON_VALUE, JSON_QUERY and JSON_EXISTS: a text, a path, and what happens when nothing is there. */
  protected readonly jsonQuery = this.RULE("jsonQuery", (): Omit<JsonCall, "suffix"> => {
    const start = this.here();
    const name = this.OR<Alternatives<JsonName>>([
      { ALT: () => (this.CONSUME(k.JSON_VALUE), "JSON_VALUE") },
      { ALT: () => (this.CONSUME(k.JSON_QUERY), "JSON_QUERY") },
      { ALT: () => (this.CONSUME(k.JSON_EXISTS), "JSON_EXISTS") },
    ]);
    this.CONSUME(LParen);
    const text = this.SUBRULE(this.expression);
    this.CONSUME(Comma);
    const path = this.SUBRULE2(this.expression);
    const returning =
      this.OPTION(() => {
        this.CONSUME(k.RETURNING);
        return this.SUBRULE(this.typeName);
      }) ?? null;
    const wrapper = this.OPTION2(() => this.SUBRULE(this.jsonWrapper)) ?? null;
    const behaviors: { EMPTY: JsonBehavior | null; ERROR: JsonBehavior | null } = { EMPTY: null, ERROR: null };
    this.MANY(() => {
      const behaviorStart = this.here();
      const behavior = this.SUBRULE(this.jsonBehavior);
      this.CONSUME(k.ON);
      const event = this.OR2([
        { ALT: () => (this.CONSUME(k.EMPTY), "EMPTY" as const) },
        { ALT: () => (this.CONSUME(k.ERROR), "ERROR" as const) },
      ]);
      this.ACTION(() => checkBehavior(name, behavior, event, this.since(behaviorStart)));
      behaviors[event] = behavior;
    });
    this.CONSUME(RParen);
    const at = this.since(start);
    this.ACTION(() => {
      if (wrapper !== null && name !== "JSON_QUERY")
        fail(at, `${name} has no WRAPPER clause`, "Only JSON_QUERY has one: leave it out.");
      if (returning !== null && name === "JSON_EXISTS")
        fail(at, "JSON_EXISTS has no RETURNING clause", "It returns a BOOLEAN: leave the clause out.");
    });
    const { EMPTY: onEmpty, ERROR: onError } = behaviors;
    return { ...noClauses, kind: "jsonCall", at, name, arguments: [text, path], returning, wrapper, onEmpty, onError };
  });

  protected readonly jsonWrapper = this.RULE("jsonWrapper", (): JsonCall["wrapper"] => {
    const wrapper = this.OR<Alternatives<JsonCall["wrapper"]>>([
      { ALT: () => (this.CONSUME(k.WITHOUT), "WITHOUT") },
      {
        ALT: () => {
          this.CONSUME(k.WITH);
          const kind = this.OPTION(() =>
            this.OR2([
              { ALT: () => (this.CONSUME(k.CONDITIONAL), "CONDITIONAL" as const) },
              { ALT: () => (this.CONSUME(k.UNCONDITIONAL), "UNCONDITIONAL" as const) },
            ]),
          );
          return kind ?? "UNCONDITIONAL";
        },
      },
    ]);
    this.OPTION2(() => this.CONSUME(k.ARRAY));
    this.CONSUME(k.WRAPPER);
    return wrapper;
  });

  protected readonly jsonBehavior = this.RULE(
    "jsonBehavior",
    (): JsonBehavior =>
      this.OR<Alternatives<JsonBehavior>>([
        { ALT: () => (this.CONSUME(k.NULL), { kind: "keyword", text: "NULL" }) },
        { ALT: () => (this.CONSUME(k.ERROR), { kind: "keyword", text: "ERROR" }) },
        { ALT: () => (this.CONSUME(k.TRUE), { kind: "keyword", text: "TRUE" }) },
        { ALT: () => (this.CONSUME(k.FALSE), { kind: "keyword", text: "FALSE" }) },
        { ALT: () => (this.CONSUME(k.UNKNOWN), { kind: "keyword", text: "UNKNOWN" }) },
        {
          ALT: () => {
            this.CONSUME(k.EMPTY);
            return this.OR2<Alternatives<JsonBehavior>>([
              { ALT: () => (this.CONSUME(k.ARRAY), { kind: "keyword", text: "EMPTY ARRAY" }) },
              { ALT: () => (this.CONSUME(k.OBJECT), { kind: "keyword", text: "EMPTY OBJECT" }) },
            ]);
          },
        },
        {
          ALT: () => {
            this.CONSUME(k.DEFAULT);
            return { kind: "default", value: this.SUBRULE(this.expression) };
          },
        },
      ]),
  );

  protected readonly jsonObject = this.RULE("jsonObject", (): Omit<JsonCall, "suffix"> => {
    const start = this.here();
    const args: Expression[] = [];
    const name = this.OR<Alternatives<JsonName>>([
      {
        ALT: () => {
          this.CONSUME(k.JSON_OBJECT);
          this.CONSUME(LParen);
          this.MANY_SEP({ SEP: Comma, DEF: () => this.SUBRULE(this.jsonPair, { ARGS: [args] }) });
          return "JSON_OBJECT";
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.JSON_OBJECTAGG);
          this.CONSUME2(LParen);
          this.SUBRULE2(this.jsonPair, { ARGS: [args] });
          return "JSON_OBJECTAGG";
        },
      },
    ]);
    const onNull = this.SUBRULE(this.jsonOnNull);
    this.CONSUME(RParen);
    return { ...noClauses, kind: "jsonCall", at: this.since(start), name, arguments: args, onNull };
  });

  protected readonly jsonPair = this.RULE("jsonPair", (into: Expression[] = []): void => {
    this.OPTION({
      GATE: () => !this.isNextOneOf([k.VALUE, Dot, LParen], 2),
      DEF: () => this.CONSUME(k.KEY),
    });
    const key = this.SUBRULE(this.expression);
    this.CONSUME(k.VALUE);
    into.push(key, this.SUBRULE2(this.expression));
  });

  protected readonly jsonArray = this.RULE("jsonArray", (): Omit<JsonCall, "suffix"> => {
    const start = this.here();
    const args: Expression[] = [];
    const name = this.OR<Alternatives<JsonName>>([
      {
        ALT: () => {
          this.CONSUME(k.JSON_ARRAY);
          this.CONSUME(LParen);
          this.OPTION({
            GATE: () => !this.isNext(k.ON, 2),
            DEF: () => this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => args.push(this.SUBRULE(this.expression)) }),
          });
          return "JSON_ARRAY";
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.JSON_ARRAYAGG);
          this.CONSUME2(LParen);
          args.push(this.SUBRULE2(this.expression));
          return "JSON_ARRAYAGG";
        },
      },
    ]);
    const onNull = this.SUBRULE(this.jsonOnNull);
    this.CONSUME(RParen);
    return { ...noClauses, kind: "jsonCall", at: this.since(start), name, arguments: args, onNull };
  });

  protected readonly jsonOnNull = this.RULE("jsonOnNull", (): JsonCall["onNull"] => {
    const what = this.OPTION(() => {
      const kept = this.OR([
        { ALT: () => (this.CONSUME(k.NULL), "NULL" as const) },
        { ALT: () => (this.CONSUME(k.ABSENT), "ABSENT" as const) },
      ]);
      this.CONSUME(k.ON);
      this.CONSUME2(k.NULL);
      return kept;
    });
    return what ?? null;
  });
}

/** What each function may do. */
const behaviorsOf: Readonly<Record<"JSON_VALUE" | "JSON_QUERY" | "JSON_EXISTS", readonly string[]>> = {
  JSON_VALUE: ["NULL", "ERROR", "DEFAULT"],
  JSON_QUERY: ["NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT"],
  JSON_EXISTS: ["TRUE", "FALSE", "UNKNOWN", "ERROR"],
};

function checkBehavior(name: JsonName, behavior: JsonBehavior, event: "EMPTY" | "ERROR", at: Span): void {
  const allowed: readonly string[] = behaviorsOf[name as keyof typeof behaviorsOf];
  const text = behavior.kind === "default" ? "DEFAULT" : behavior.text;
  if (name === "JSON_EXISTS" && event === "EMPTY")
    fail(at, "JSON_EXISTS has no ON EMPTY clause", "It is FALSE when nothing is there; only ON ERROR can be chosen.");
  if (!allowed.includes(text))
    fail(at, `${text} ON ${event} is not possible in ${name}`, `Use one of ${allowed.join(", ")} before ON ${event}.`);
}
