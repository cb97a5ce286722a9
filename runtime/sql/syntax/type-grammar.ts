/**
 * Owns: the grammar of types as they are written in columns and casts. Rules of all grammars: name-grammar.ts.
 */
import type { RowField, SimpleTypeName, TypeName } from "./expression-tree.ts";
import { type Alternatives, NameGrammar } from "./name-grammar.ts";
import { fail } from "./problem.ts";
import { Comma, Greater, k, type Keyword, Less, LParen, RParen } from "./tokens.ts";

/** Types that are one word, with their synonyms. How many parameters they take is checked with the types. */
const simpleTypes: readonly (readonly [Keyword, SimpleTypeName])[] = [
  ["BOOLEAN", "BOOLEAN"],
  ["TINYINT", "TINYINT"],
  ["SMALLINT", "SMALLINT"],
  ["INT", "INT"],
  ["INTEGER", "INT"],
  ["BIGINT", "BIGINT"],
  ["DECIMAL", "DECIMAL"],
  ["DEC", "DECIMAL"],
  ["NUMERIC", "DECIMAL"],
  ["FLOAT", "FLOAT"],
  ["STRING", "STRING"],
  ["VARCHAR", "VARCHAR"],
  ["BINARY", "BINARY"],
  ["VARBINARY", "VARBINARY"],
  ["BYTES", "BYTES"],
  ["DATE", "DATE"],
  ["TIMESTAMP_LTZ", "TIMESTAMP_LTZ"],
];

export abstract class TypeGrammar extends NameGrammar {
  /** A type, with `NOT NULL` and `ARRAY` behind it. */
  protected readonly typeName: () => TypeName = this.RULE("typeName", (): TypeName => {
    const start = this.here();
    const bare = this.nested(() => this.SUBRULE(this.bareType));
    let type: TypeName = { ...bare, isNullable: this.SUBRULE(this.nullability) };
    this.MANY(() => {
      const kind = this.OR([
        { ALT: () => (this.CONSUME(k.ARRAY), "arrayType" as const) },
        { ALT: () => (this.CONSUME(k.MULTISET), "multisetType" as const) },
      ]);
      const at = this.since(start);
      type = { kind, at, element: type, isNullable: this.SUBRULE2(this.nullability) };
    });
    return type;
  });

  protected readonly nullability = this.RULE("nullability", (): boolean => {
    let isNullable = true;
    this.OPTION({
      // Behind a type may also stand NOT ENFORCED.
      GATE: () => this.isNext(k.NULL) || this.isNext(k.NULL, 2),
      DEF: () => {
        this.OPTION2(() => {
          this.CONSUME(k.NOT);
          isNullable = false;
        });
        this.CONSUME(k.NULL);
      },
    });
    return isNullable;
  });

  protected readonly bareType = this.RULE(
    "bareType",
    (): TypeName =>
      this.firstOf<TypeName>([
        { ALT: () => this.SUBRULE(this.simpleType) },
        { ALT: () => this.SUBRULE(this.timeType) },
        { ALT: () => this.SUBRULE(this.intervalType) },
        { ALT: () => this.SUBRULE(this.collectionType) },
        { ALT: () => this.SUBRULE(this.mapType), GATE: () => this.isNext(Less, 2) },
        { ALT: () => this.SUBRULE(this.rowType) },
        { ALT: () => this.SUBRULE(this.rawType) },
        { ALT: () => this.SUBRULE(this.userType) },
      ]),
  );

  protected readonly simpleType = this.RULE("simpleType", (): TypeName => {
    const start = this.here();
    const name = this.OR<Alternatives<SimpleTypeName>>([
      ...simpleTypes.map(([word, type]) => ({
        ALT: () => {
          this.CONSUME(k[word]);
          return type;
        },
      })),
      { ALT: () => this.SUBRULE(this.characterName) },
      {
        ALT: () => {
          this.CONSUME(k.DOUBLE);
          this.OPTION(() => this.CONSUME(k.PRECISION));
          return "DOUBLE";
        },
      },
    ]);
    const parameters = this.SUBRULE(this.typeParameters);
    return { kind: "simple", at: this.since(start), isNullable: true, name, parameters };
  });

  protected readonly characterName = this.RULE("characterName", (): SimpleTypeName => {
    let name: SimpleTypeName = "CHAR";
    this.OR([{ ALT: () => this.CONSUME(k.CHAR) }, { ALT: () => this.CONSUME(k.CHARACTER) }]);
    this.OPTION(() => {
      this.CONSUME(k.VARYING);
      name = "VARCHAR";
    });
    return name;
  });

  protected readonly typeParameters = this.RULE("typeParameters", (): number[] => {
    const parameters: number[] = [];
    this.OPTION(() => {
      this.CONSUME(LParen);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => parameters.push(this.SUBRULE(this.wholeNumber)) });
      this.CONSUME(RParen);
    });
    return parameters;
  });

  /** `TIME(3)`, `TIMESTAMP(3) WITH LOCAL TIME ZONE`. */
  protected readonly timeType = this.RULE("timeType", (): TypeName => {
    const start = this.here();
    let name = this.OR<Alternatives<SimpleTypeName>>([
      { ALT: () => (this.CONSUME(k.TIME), "TIME") },
      { ALT: () => (this.CONSUME(k.TIMESTAMP), "TIMESTAMP") },
    ]);
    const parameters = this.SUBRULE(this.typeParameters);
    this.OPTION({
      // WITH may also begin the options of a table.
      GATE: () => this.isNext(k.WITHOUT) || this.isNext(k.LOCAL, 2) || this.isNext(k.TIME, 2),
      DEF: () => {
        const zoneStart = this.here();
        const kind = this.OR2([
          { ALT: () => (this.CONSUME(k.WITHOUT), "none" as const) },
          {
            ALT: () => {
              this.CONSUME(k.WITH);
              return this.OPTION2(() => this.CONSUME(k.LOCAL)) === undefined ? ("fixed" as const) : ("local" as const);
            },
          },
        ]);
        this.CONSUME2(k.TIME);
        this.CONSUME(k.ZONE);
        this.ACTION(() => {
          if (kind === "none") return;
          if (kind === "fixed" || name === "TIME")
            fail(
              this.since(zoneStart),
              `${name} WITH ${kind === "local" ? "LOCAL " : ""}TIME ZONE does not exist`,
              "Use TIMESTAMP_LTZ (an instant, shown in the time zone of the session) or TIMESTAMP (a local date and time).",
            );
          name = "TIMESTAMP_LTZ";
        });
      },
    });
    return { kind: "simple", at: this.since(start), isNullable: true, name, parameters };
  });

  protected readonly intervalType = this.RULE("intervalType", (): TypeName => {
    const start = this.here();
    this.CONSUME(k.INTERVAL);
    const qualifier = this.SUBRULE(this.intervalQualifier);
    return { kind: "intervalType", at: this.since(start), isNullable: true, qualifier };
  });

  /** `ARRAY<INT>`. */
  protected readonly collectionType = this.RULE("collectionType", (): TypeName => {
    const start = this.here();
    const kind = this.OR([
      { ALT: () => (this.CONSUME(k.ARRAY), "arrayType" as const) },
      { ALT: () => (this.CONSUME(k.MULTISET), "multisetType" as const) },
    ]);
    this.CONSUME(Less);
    const element = this.SUBRULE(this.typeName);
    this.CONSUME(Greater);
    return { kind, at: this.since(start), isNullable: true, element };
  });

  protected readonly mapType = this.RULE("mapType", (): TypeName => {
    const start = this.here();
    this.CONSUME(k.MAP);
    this.CONSUME(Less);
    const key = this.SUBRULE(this.typeName);
    this.CONSUME(Comma);
    const value = this.SUBRULE2(this.typeName);
    this.CONSUME(Greater);
    return { kind: "mapType", at: this.since(start), isNullable: true, key, value };
  });

  /** `ROW<a INT, b STRING 'what it is'>`, also with parentheses. */
  protected readonly rowType = this.RULE("rowType", (): TypeName => {
    const start = this.here();
    const fields: RowField[] = [];
    this.CONSUME(k.ROW);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(Less);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => fields.push(this.SUBRULE(this.rowField)) });
          this.CONSUME(Greater);
        },
      },
      {
        ALT: () => {
          this.CONSUME(LParen);
          this.AT_LEAST_ONE_SEP2({ SEP: Comma, DEF: () => fields.push(this.SUBRULE2(this.rowField)) });
          this.CONSUME(RParen);
        },
      },
    ]);
    return { kind: "rowType", at: this.since(start), isNullable: true, fields };
  });

  protected readonly rowField = this.RULE("rowField", (): RowField => {
    const name = this.SUBRULE(this.identifier);
    const type = this.SUBRULE(this.typeName);
    const comment = this.OPTION(() => this.SUBRULE(this.string)) ?? null;
    return { name, type, comment };
  });

  /** `RAW('class', 'snapshot')`. */
  protected readonly rawType = this.RULE("rawType", (): TypeName => {
    const start = this.here();
    this.CONSUME(k.RAW);
    this.CONSUME(LParen);
    const className = this.SUBRULE(this.string);
    this.CONSUME(Comma);
    const snapshot = this.SUBRULE2(this.string);
    this.CONSUME(RParen);
    return { kind: "rawType", at: this.since(start), isNullable: true, className, snapshot };
  });

  protected readonly userType = this.RULE("userType", (): TypeName => {
    const start = this.here();
    const name = this.SUBRULE(this.qualifiedName);
    return { kind: "userType", at: this.since(start), isNullable: true, name };
  });
}
