/**
 * Owns: the grammar of calls: plain ones, those with words between their arguments, and what may follow a call.
 * Not here: JSON functions (json-grammar.ts). Rules of all grammars: name-grammar.ts.
 */
import { type IToken, tokenMatcher } from "chevrotain";
import { type Alternatives, unitTokens } from "./name-grammar.ts";
import { fail } from "./problem.ts";
import { unitRemedy } from "./syntax-error.ts";
import type {
  Call,
  CallSuffix,
  Expression,
  ExpressionOf,
  FrameBound,
  Identifier,
  QualifiedName,
  WindowFrame,
  WindowSpecification,
} from "./expression-tree.ts";
import { extractWords } from "./expression-tree.ts";
import type { OrderItem, Query } from "./query-tree.ts";
import { Arrow, Comma, Dot, FunctionName, k, LParen, Name, RParen, Star } from "./tokens.ts";
import { TypeGrammar } from "./type-grammar.ts";

type WordAndArguments = [word: IToken, args: Expression[]];

export abstract class CallGrammar extends TypeGrammar {
  protected abstract readonly expression: () => Expression;
  protected abstract readonly additive: () => Expression;
  protected abstract readonly query: () => Query;

  /** Whether a name with a parenthesis behind it comes next. */
  protected isCallNext(): boolean {
    if (!tokenMatcher(this.LA(1), FunctionName)) return false;
    let at = 2;
    while (this.isNext(Dot, at)) at += 2;
    return this.isNext(LParen, at);
  }

  protected readonly call = this.RULE("call", (): Call => {
    const start = this.here();
    const name = this.SUBRULE(this.functionName);
    this.CONSUME(LParen);
    const quantifier =
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(k.DISTINCT), "DISTINCT" as const) },
          { ALT: () => (this.CONSUME(k.ALL), "ALL" as const) },
        ]),
      ) ?? null;
    const args = this.OR2<Alternatives<Expression[]>>([
      { ALT: () => [this.SUBRULE(this.star)] },
      {
        ALT: () => {
          const list: Expression[] = [];
          this.MANY_SEP({ SEP: Comma, DEF: () => list.push(this.SUBRULE(this.argument)) });
          return list;
        },
      },
    ]);
    this.CONSUME(RParen);
    const suffix = this.SUBRULE(this.callSuffix);
    return { kind: "call", at: this.since(start), name, quantifier, arguments: args, suffix };
  });

  protected readonly star = this.RULE("star", (): Expression => {
    const start = this.here();
    this.CONSUME(Star);
    return { kind: "star", at: this.since(start) };
  });

  protected readonly functionName = this.RULE("functionName", (): QualifiedName => {
    const start = this.here();
    const parts = [this.SUBRULE(this.functionWord)];
    this.MANY(() => {
      this.CONSUME(Dot);
      parts.push(this.SUBRULE2(this.functionWord));
    });
    return { kind: "name", at: this.since(start), parts };
  });

  protected readonly functionWord = this.RULE("functionWord", (): Identifier => {
    const start = this.here();
    const { image } = this.CONSUME(FunctionName);
    const name = image.startsWith("`") ? image.slice(1, -1).replaceAll("``", "`") : image;
    return { kind: "identifier", at: this.since(start), name };
  });

  protected readonly argument = this.RULE("argument", (): Expression => {
    const start = this.here();
    return this.firstOf<Expression>([
      {
        GATE: () => this.isNext(Arrow, 2),
        ALT: () => {
          const name = this.SUBRULE(this.identifier);
          this.CONSUME(Arrow);
          const value = this.SUBRULE(this.argumentValue);
          return { kind: "namedArgument", at: this.since(start), name, value };
        },
      },
      { ALT: () => this.SUBRULE2(this.argumentValue) },
    ]);
  });

  protected readonly argumentValue = this.RULE("argumentValue", (): Expression => {
    const start = this.here();
    return this.firstOf<Expression>([
      {
        GATE: () => this.isNext(k.DESCRIPTOR) && this.isNext(LParen, 2),
        ALT: () => {
          this.CONSUME(k.DESCRIPTOR);
          const columns = this.SUBRULE(this.nameList);
          return { kind: "descriptor", at: this.since(start), columns };
        },
      },
      { ALT: () => this.SUBRULE(this.tableArgument) },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
  });

  protected readonly tableArgument = this.RULE("tableArgument", (): Expression => {
    const start = this.here();
    this.CONSUME(k.TABLE);
    const source = this.OR<Alternatives<QualifiedName | Query>>([
      { ALT: () => this.SUBRULE(this.qualifiedName) },
      {
        ALT: () => {
          this.CONSUME(LParen);
          const query = this.SUBRULE(this.query);
          this.CONSUME(RParen);
          return query;
        },
      },
    ]);
    const partitionBy = this.SUBRULE(this.argumentPartition);
    const orderBy = this.SUBRULE(this.argumentOrder);
    return { kind: "tableArgument", at: this.since(start), source, partitionBy, orderBy };
  });

  /** One key, or several in parentheses: the comma behind a bare one begins the next argument. */
  protected readonly argumentPartition = this.RULE("argumentPartition", (): readonly Expression[] => {
    const keys: Expression[] = [];
    this.OPTION(() => {
      this.CONSUME(k.PARTITION);
      this.CONSUME(k.BY);
      keys.push(this.SUBRULE(this.expression));
    });
    return this.ACTION(() => keys.flatMap((key) => (key.kind === "row" ? key.items : [key])));
  });

  /** As `argumentPartition`. */
  protected readonly argumentOrder = this.RULE("argumentOrder", (): readonly OrderItem[] => {
    const items: OrderItem[] = [];
    this.OPTION(() => {
      this.CONSUME(k.ORDER);
      this.CONSUME(k.BY);
      items.push(this.SUBRULE(this.orderItem));
    });
    return this.ACTION(() =>
      items.flatMap((item) =>
        item.value.kind === "row" ? item.value.items.map((value) => ({ ...item, at: value.at, value })) : [item],
      ),
    );
  });

  /** Calls with words where others have commas. */
  protected readonly wordedCall = this.RULE("wordedCall", (): Expression => {
    const start = this.here();
    const call = this.OR<Alternatives<WordAndArguments>>([
      { ALT: () => this.SUBRULE(this.extract) },
      { ALT: () => this.SUBRULE(this.trim) },
      { ALT: () => this.SUBRULE(this.substring) },
      { ALT: () => this.SUBRULE(this.position) },
      { ALT: () => this.SUBRULE(this.overlay) },
      { ALT: () => this.SUBRULE(this.rounding) },
      { ALT: () => this.SUBRULE(this.timestampArithmetic) },
    ]);
    const at = this.since(start);
    return this.ACTION((): Expression => {
      const [word, args] = call;
      return { kind: "call", at, name: nameOf(word), quantifier: null, arguments: args, suffix: null };
    });
  });

  protected readonly unitArgument = this.RULE("unitArgument", (): Expression => {
    const start = this.here();
    const text = this.SUBRULE(this.timeUnit);
    return { kind: "keyword", at: this.since(start), text };
  });

  /** A name, as far as the grammar goes. */
  protected readonly extractWord = this.RULE("extractWord", (): Expression => {
    const word = this.SUBRULE(this.identifier);
    return this.ACTION((): Expression => {
      const { at, name } = word;
      const text = extractWords.find((each) => each === name.toUpperCase());
      return text === undefined ? fail(at, `${name} is no unit of time`, unitRemedy) : { kind: "keyword", at, text };
    });
  });

  protected readonly extract = this.RULE("extract", (): WordAndArguments => {
    const word = this.CONSUME(k.EXTRACT);
    this.CONSUME(LParen);
    const unit = this.firstOf<Expression>([
      { GATE: () => !this.isNext(Name) || this.isNextOneOf(unitTokens), ALT: () => this.SUBRULE(this.unitArgument) },
      { ALT: () => this.SUBRULE(this.extractWord) },
    ]);
    this.CONSUME(k.FROM);
    const value = this.SUBRULE(this.expression);
    this.CONSUME(RParen);
    return [word, [unit, value]];
  });

  /** `TRIM(x)`, `TRIM(BOTH 'a' FROM x)`, `TRIM('a' FROM x)`, `TRIM(LEADING FROM x)`: side, characters or NULL, text; or the text alone. */
  protected readonly trim = this.RULE("trim", (): WordAndArguments => {
    const word = this.CONSUME(k.TRIM);
    this.CONSUME(LParen);
    const start = this.here();
    const side = this.OPTION(() =>
      this.OR<Alternatives<ExpressionOf<"keyword">["text"]>>([
        { ALT: () => (this.CONSUME(k.BOTH), "BOTH") },
        { ALT: () => (this.CONSUME(k.LEADING), "LEADING") },
        { ALT: () => (this.CONSUME(k.TRAILING), "TRAILING") },
      ]),
    );
    const sideAt = this.since(start);
    const first = this.OPTION2(() => this.SUBRULE(this.expression));
    const text = this.OPTION3(() => {
      this.CONSUME(k.FROM);
      return this.SUBRULE2(this.expression);
    });
    this.CONSUME(RParen);
    return this.ACTION((): WordAndArguments => {
      if (side === undefined && text === undefined && first !== undefined) return [word, [first]];
      // What is not written is at the word.
      const at = { start: word.startOffset, end: word.startOffset + word.image.length };
      const sideArgument: Expression = { kind: "keyword", at: side === undefined ? at : sideAt, text: side ?? "BOTH" };
      const [characters, value] = text === undefined ? [undefined, first] : [first, text];
      return [word, [sideArgument, characters ?? { kind: "null", at }, value ?? { kind: "null", at }]];
    });
  });

  protected readonly substring = this.RULE("substring", (): WordAndArguments => {
    const word = this.CONSUME(k.SUBSTRING);
    this.CONSUME(LParen);
    const args = [this.SUBRULE(this.expression)];
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.FROM);
          args.push(this.SUBRULE2(this.expression));
          this.OPTION(() => {
            this.CONSUME(k.FOR);
            args.push(this.SUBRULE3(this.expression));
          });
        },
      },
      {
        ALT: () =>
          this.AT_LEAST_ONE(() => {
            this.CONSUME(Comma);
            args.push(this.SUBRULE4(this.expression));
          }),
      },
    ]);
    this.CONSUME(RParen);
    return [word, args];
  });

  protected readonly position = this.RULE("position", (): WordAndArguments => {
    const word = this.CONSUME(k.POSITION);
    this.CONSUME(LParen);
    const searched = this.SUBRULE(this.additive);
    this.CONSUME(k.IN);
    const text = this.SUBRULE2(this.additive);
    this.CONSUME(RParen);
    return [word, [searched, text]];
  });

  protected readonly overlay = this.RULE("overlay", (): WordAndArguments => {
    const word = this.CONSUME(k.OVERLAY);
    this.CONSUME(LParen);
    const args = [this.SUBRULE(this.expression)];
    this.CONSUME(k.PLACING);
    args.push(this.SUBRULE2(this.expression));
    this.CONSUME(k.FROM);
    args.push(this.SUBRULE3(this.expression));
    this.OPTION(() => {
      this.CONSUME(k.FOR);
      args.push(this.SUBRULE4(this.expression));
    });
    this.CONSUME(RParen);
    return [word, args];
  });

  /** `FLOOR(x)`, `CEIL(ts TO HOUR)`. */
  protected readonly rounding = this.RULE("rounding", (): WordAndArguments => {
    const word = this.OR([
      { ALT: () => this.CONSUME(k.FLOOR) },
      { ALT: () => this.CONSUME(k.CEIL) },
      { ALT: () => this.CONSUME(k.CEILING) },
    ]);
    this.CONSUME(LParen);
    const args = [this.SUBRULE(this.expression)];
    this.OPTION(() => {
      this.CONSUME(k.TO);
      args.push(this.SUBRULE(this.unitArgument));
    });
    this.CONSUME(RParen);
    return [word, args];
  });

  protected readonly timestampArithmetic = this.RULE("timestampArithmetic", (): WordAndArguments => {
    const word = this.OR([{ ALT: () => this.CONSUME(k.TIMESTAMPADD) }, { ALT: () => this.CONSUME(k.TIMESTAMPDIFF) }]);
    this.CONSUME(LParen);
    const args = [this.SUBRULE(this.unitArgument)];
    this.CONSUME(Comma);
    args.push(this.SUBRULE(this.expression));
    this.CONSUME2(Comma);
    args.push(this.SUBRULE2(this.expression));
    this.CONSUME(RParen);
    return [word, args];
  });

  protected readonly callSuffix = this.RULE("callSuffix", (): CallSuffix | null => {
    const nullTreatment =
      this.OPTION({
        GATE: () => this.isNext(k.NULLS, 2),
        DEF: () => {
          const treatment = this.OR([
            { ALT: () => (this.CONSUME(k.IGNORE), "IGNORE" as const) },
            { ALT: () => (this.CONSUME(k.RESPECT), "RESPECT" as const) },
          ]);
          this.CONSUME(k.NULLS);
          return treatment;
        },
      }) ?? null;
    const withinGroup =
      this.OPTION2(() => {
        this.CONSUME(k.WITHIN);
        this.CONSUME(k.GROUP);
        this.CONSUME(LParen);
        const items = this.SUBRULE(this.orderBy);
        this.CONSUME(RParen);
        return items;
      }) ?? [];
    const filter =
      this.OPTION3(() => {
        this.CONSUME(k.FILTER);
        this.CONSUME2(LParen);
        this.CONSUME(k.WHERE);
        const condition = this.SUBRULE(this.expression);
        this.CONSUME2(RParen);
        return condition;
      }) ?? null;
    const over = this.OPTION4(() => this.SUBRULE(this.over)) ?? null;
    const isBare = nullTreatment === null && withinGroup.length === 0 && filter === null && over === null;
    return isBare ? null : { nullTreatment, withinGroup, filter, over };
  });

  protected readonly over = this.RULE("over", (): WindowSpecification => {
    const start = this.here();
    this.CONSUME(k.OVER);
    return this.OR<Alternatives<WindowSpecification>>([
      { ALT: () => this.SUBRULE(this.windowSpecification) },
      {
        ALT: () => {
          const base = this.SUBRULE(this.identifier);
          return { kind: "window", at: this.since(start), base, partitionBy: [], orderBy: [], frame: null };
        },
      },
    ]);
  });

  protected readonly windowSpecification = this.RULE("windowSpecification", (): WindowSpecification => {
    const start = this.here();
    this.CONSUME(LParen);
    const base = this.OPTION(() => this.SUBRULE(this.identifier)) ?? null;
    const partitionBy = this.SUBRULE(this.partitionBy);
    const orderBy = this.SUBRULE(this.orderBy);
    const frame = this.OPTION2(() => this.SUBRULE(this.frame)) ?? null;
    this.CONSUME(RParen);
    return { kind: "window", at: this.since(start), base, partitionBy, orderBy, frame };
  });

  protected readonly frame = this.RULE("frame", (): WindowFrame => {
    const start = this.here();
    const unit = this.OR([
      { ALT: () => (this.CONSUME(k.ROWS), "ROWS" as const) },
      { ALT: () => (this.CONSUME(k.RANGE), "RANGE" as const) },
    ]);
    const bounds = this.OR2<Alternatives<Pick<WindowFrame, "start" | "end">>>([
      {
        ALT: () => {
          this.CONSUME(k.BETWEEN);
          const low = this.SUBRULE(this.frameBound);
          this.CONSUME(k.AND);
          return { start: low, end: this.SUBRULE2(this.frameBound) };
        },
      },
      { ALT: () => ({ start: this.SUBRULE3(this.frameBound), end: null }) },
    ]);
    return { kind: "frame", at: this.since(start), unit, ...bounds };
  });

  protected readonly frameBound = this.RULE(
    "frameBound",
    (): FrameBound =>
      this.firstOf<FrameBound>([
        {
          GATE: () => this.isNextOneOf([k.PRECEDING, k.FOLLOWING], 2),
          ALT: () => {
            this.CONSUME(k.UNBOUNDED);
            return { kind: "unbounded", direction: this.SUBRULE(this.frameDirection) };
          },
        },
        {
          ALT: () => {
            this.CONSUME(k.CURRENT);
            this.CONSUME(k.ROW);
            return { kind: "currentRow" };
          },
        },
        {
          ALT: () => {
            const value = this.SUBRULE(this.additive);
            return { kind: "offset", value, direction: this.SUBRULE2(this.frameDirection) };
          },
        },
      ]),
  );

  protected readonly frameDirection = this.RULE("frameDirection", (): "PRECEDING" | "FOLLOWING" =>
    this.OR([
      { ALT: () => (this.CONSUME(k.PRECEDING), "PRECEDING" as const) },
      { ALT: () => (this.CONSUME(k.FOLLOWING), "FOLLOWING" as const) },
    ]),
  );

  /** Nothing, or `PARTITION BY a, b`. */
  protected readonly partitionBy = this.RULE("partitionBy", (): Expression[] => {
    const keys: Expression[] = [];
    this.OPTION(() => {
      this.CONSUME(k.PARTITION);
      this.CONSUME(k.BY);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => keys.push(this.SUBRULE(this.expression)) });
    });
    return keys;
  });

  /** Nothing, or `ORDER BY a, b DESC NULLS LAST`. */
  protected readonly orderBy = this.RULE("orderBy", (): OrderItem[] => {
    const items: OrderItem[] = [];
    this.OPTION(() => {
      this.CONSUME(k.ORDER);
      this.CONSUME(k.BY);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.orderItem)) });
    });
    return items;
  });

  protected readonly orderItem = this.RULE("orderItem", (): OrderItem => {
    const start = this.here();
    const value = this.SUBRULE(this.expression);
    const direction =
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(k.ASC), "ASC" as const) },
          { ALT: () => (this.CONSUME(k.DESC), "DESC" as const) },
        ]),
      ) ?? "ASC";
    const nulls =
      this.OPTION2(() => {
        this.CONSUME(k.NULLS);
        return this.OR2([
          { ALT: () => (this.CONSUME(k.FIRST), "FIRST" as const) },
          { ALT: () => (this.CONSUME(k.LAST), "LAST" as const) },
        ]);
      }) ?? null;
    return { kind: "orderItem", at: this.since(start), value, direction, nulls };
  });
}

/** A keyword as the name of its function. */
function nameOf({ image, startOffset: start }: IToken): QualifiedName {
  const at = { start, end: start + image.length };
  return { kind: "name", at, parts: [{ kind: "identifier", at, name: image.toUpperCase() }] };
}
