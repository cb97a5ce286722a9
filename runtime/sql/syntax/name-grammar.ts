/**
 * Owns: the grammar of names, strings and units; the ground that the other grammars stand on.
 *
 * SQLG1 The grammar decides by the next token; where that is not enough, a gate says what it looks at. More lookahead for all rules would make the
 *     parser slow to start.
 * SQLG2 Actions run also while Chevrotain records the rules, with tokens that stand for none: they build nodes and look into none, or do so in ACTION.
 * SQLG3 Nesting is limited, so that no text can exhaust the stack.
 */
import {
  EmbeddedActionsParser,
  EOF,
  type IOrAlt,
  type IParserConfig,
  type IParserErrorMessageProvider,
  type IToken,
  type OrMethodOpts,
  type TokenType,
} from "chevrotain";
import type { Identifier, IntervalQualifier, QualifiedName, TimeUnit } from "./expression-tree.ts";
import { LateLookahead } from "./lookahead.ts";
import { fail } from "./problem.ts";
import type { Span } from "./span.ts";
import { labelsOf } from "./syntax-error.ts";
import {
  Comma,
  Dot,
  IntegerLiteral,
  k,
  type Keyword,
  LParen,
  Name,
  RParen,
  StringLiteral,
  UnicodeStringLiteral,
  vocabulary,
} from "./tokens.ts";

/** As long as the name of a row's field may be. */
export const NAME_LENGTH_MAX = 63;
/** Of objects they would be something else than fields. */
const NO_FIELDS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Names may be those of a row's fields, and are no others. */
function requireFieldName(name: string, at: Span): void {
  if (NO_FIELDS.has(name)) fail(at, `nothing can be called ${name}`, "Choose another name.");
  if (name.length > NAME_LENGTH_MAX)
    fail(at, `a name of ${name.length} characters`, `Choose a shorter one: ${NAME_LENGTH_MAX} are allowed.`);
}

/** Deepest nesting of parentheses, queries and types. */
export const NESTING_MAX = 100;
/** Most operands of a chain as `a AND b AND c`: each is one level of the tree. */
const CHAIN_MAX = 1_000;

/** One word or two for each unit: `DAY` and `DAYS`. */
const unitWords: readonly (readonly [Keyword, TimeUnit])[] = [
  ["YEAR", "YEAR"],
  ["YEARS", "YEAR"],
  ["QUARTER", "QUARTER"],
  ["MONTH", "MONTH"],
  ["MONTHS", "MONTH"],
  ["WEEK", "WEEK"],
  ["DAY", "DAY"],
  ["DAYS", "DAY"],
  ["HOUR", "HOUR"],
  ["HOURS", "HOUR"],
  ["MINUTE", "MINUTE"],
  ["MINUTES", "MINUTE"],
  ["SECOND", "SECOND"],
  ["SECONDS", "SECOND"],
  ["MILLISECOND", "MILLISECOND"],
  ["MICROSECOND", "MICROSECOND"],
  ["NANOSECOND", "NANOSECOND"],
];

/** Some are no reserved words. */
export const unitTokens: readonly TokenType[] = unitWords.map(([word]) => k[word]);

/** Says what would fit; syntax-error.ts makes a sentence of it. */
const errorMessageProvider: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => labelsOf([expected]),
  buildNotAllInputParsedMessage: () => "",
  buildNoViableAltMessage: ({ expectedPathsPerAlt }) => labelsOf(firstOf(expectedPathsPerAlt)),
  buildEarlyExitMessage: ({ expectedIterationPaths }) => labelsOf(firstOf([expectedIterationPaths])),
};

function* firstOf(alternatives: readonly (readonly (readonly TokenType[])[])[]): Iterable<TokenType> {
  for (const paths of alternatives) for (const [first] of paths) if (first !== undefined) yield first;
}

const LOOKAHEAD = 1;

const config: IParserConfig = {
  maxLookahead: LOOKAHEAD,
  lookaheadStrategy: new LateLookahead({ maxLookahead: LOOKAHEAD }),
  recoveryEnabled: false,
  errorMessageProvider,
};

/** What the alternatives of an OR make. */
export type Alternatives<T> = IOrAlt<T>[];

export abstract class NameGrammar extends EmbeddedActionsParser {
  #depth = 0;

  /** `isChecked`: the grammar is checked for ambiguities, as its test does; it takes time. */
  constructor(isChecked: boolean) {
    super(vocabulary, { ...config, skipValidations: !isChecked });
  }

  /** Takes the tokens of one statement. */
  begin(tokens: IToken[]): void {
    this.input = tokens;
    this.#depth = 0;
  }

  /** Where the next token starts. */
  protected here(): number {
    return this.LA(1).startOffset;
  }

  /** From there to the end of the last token taken. */
  protected since(start: number): Span {
    const last = this.LA(0);
    return { start, end: last.startOffset + last.image.length };
  }

  protected isNext(type: TokenType, ahead = 1): boolean {
    return this.LA(ahead).tokenType === type;
  }

  protected isNextOneOf(types: readonly TokenType[], ahead = 1): boolean {
    return types.includes(this.LA(ahead).tokenType);
  }

  /** Whether the statement ends before that token. */
  protected isEnd(ahead: number): boolean {
    return this.isNext(EOF, ahead);
  }

  /** The first alternative whose gate and next token fit (SQLG1). One of them in each rule. */
  protected firstOf<T>(alternatives: IOrAlt<T>[]): T {
    const options: OrMethodOpts<T> = { DEF: alternatives, IGNORE_AMBIGUITIES: true };
    return this.or<IOrAlt<T>[]>(9, options);
  }

  /** SQLG3. */
  protected nested<T>(rule: () => T): T {
    const { startOffset: start, image } = this.LA(1);
    if (++this.#depth > NESTING_MAX)
      fail(
        { start, end: start + image.length },
        `nested more than ${NESTING_MAX} levels deep`,
        "Split the statement, for example with views or WITH.",
      );
    const result = rule();
    this.#depth--;
    return result;
  }

  /** SQLG3, of the link that starts here. */
  protected checkChain(links: number): void {
    if (links <= CHAIN_MAX) return;
    const { startOffset: start, image } = this.LA(1);
    fail(
      { start, end: start + image.length },
      `more than ${CHAIN_MAX} operands in one chain`,
      "Use IN (…), a join with VALUES, or parentheses around parts of it.",
    );
  }

  /** How far ahead the parenthesis closes that opens there; behind the last token where none does. */
  protected closingOf(ahead: number): number {
    let depth = 0;
    for (let at = ahead; ; at++) {
      const type = this.LA(at).tokenType;
      if (type === EOF) return at;
      if (type === LParen) depth++;
      if (type === RParen && --depth === 0) return at;
    }
  }

  protected readonly identifier = this.RULE("identifier", (): Identifier => {
    const start = this.here();
    const { image } = this.CONSUME(Name);
    const name = image.startsWith("`") ? image.slice(1, -1).replaceAll("``", "`") : image;
    const at = this.since(start);
    this.ACTION(() => requireFieldName(name, at));
    return { kind: "identifier", at, name };
  });

  protected readonly qualifiedName = this.RULE("qualifiedName", (): QualifiedName => {
    const start = this.here();
    const parts = [this.SUBRULE(this.identifier)];
    this.MANY(() => {
      this.CONSUME(Dot);
      parts.push(this.SUBRULE2(this.identifier));
    });
    return { kind: "name", at: this.since(start), parts };
  });

  /** Names in parentheses. */
  protected readonly nameList = this.RULE("nameList", (): Identifier[] => {
    const names: Identifier[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => names.push(this.SUBRULE(this.identifier)) });
    this.CONSUME(RParen);
    return names;
  });

  protected readonly string = this.RULE("string", (): string =>
    this.OR([
      { ALT: () => this.CONSUME(StringLiteral).image.slice(1, -1).replaceAll("''", "'") },
      {
        ALT: () => {
          const token = this.CONSUME(UnicodeStringLiteral);
          return this.ACTION(() => unescapeUnicode(token));
        },
      },
    ]),
  );

  protected readonly wholeNumber = this.RULE("wholeNumber", (): number => Number(this.CONSUME(IntegerLiteral).image));

  protected readonly timeUnit = this.RULE(
    "timeUnit",
    (): TimeUnit =>
      this.OR(
        unitWords.map(([word, unit]) => ({
          ALT: () => {
            this.CONSUME(k[word]);
            return unit;
          },
        })),
      ),
  );

  /** `DAY(3) TO SECOND(6)`, `SECOND(2, 3)`. */
  protected readonly intervalQualifier = this.RULE("intervalQualifier", (): IntervalQualifier => {
    let precision: number | null = null;
    let to: TimeUnit | null = null;
    let fraction: number | null = null;
    const from = this.SUBRULE(this.timeUnit);
    this.OPTION(() => {
      this.CONSUME(LParen);
      precision = this.SUBRULE(this.wholeNumber);
      this.OPTION2(() => {
        this.CONSUME(Comma);
        fraction = this.SUBRULE2(this.wholeNumber);
      });
      this.CONSUME(RParen);
    });
    this.OPTION3(() => {
      this.CONSUME(k.TO);
      to = this.SUBRULE2(this.timeUnit);
      this.OPTION4(() => {
        this.CONSUME2(LParen);
        fraction = this.SUBRULE3(this.wholeNumber);
        this.CONSUME2(RParen);
      });
    });
    return { from, precision, to, fraction };
  });
}

function unescapeUnicode({ image, startOffset: start }: IToken): string {
  const text = image.slice(3, -1).replaceAll("''", "'");
  return text.replace(/\\(?:(\\)|([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6})|)/g, (all, backslash, four, six) => {
    if (backslash !== undefined) return "\\";
    const code = Number.parseInt(four ?? six ?? "", 16);
    if (all === "\\" || code > 0x10ffff)
      fail(
        { start, end: start + image.length },
        "an escape in this string is no character",
        "Write \\0041 with four hexadecimal digits, \\+01F600 with six, or \\\\ for a backslash.",
      );
    return String.fromCodePoint(code);
  });
}
