/**
 * Owns: how the parser decides by the tokens that come next.
 *
 * SQLA1 A place of the grammar is worked out when a statement first comes to it: statements come to few of them, and working out all is most of the time that a
 *     parser takes to start.
 */
import { type ILookaheadStrategy, LLkLookaheadStrategy } from "chevrotain";

type Alternation = ReturnType<ILookaheadStrategy["buildLookaheadForAlternation"]>;
type Optional = ReturnType<ILookaheadStrategy["buildLookaheadForOptional"]>;
/** Both are called on the parser. */
type OnParser<F extends (...words: never[]) => unknown> = (this: unknown, ...words: Parameters<F>) => ReturnType<F>;

export class LateLookahead extends LLkLookaheadStrategy {
  override buildLookaheadForAlternation(
    place: Parameters<ILookaheadStrategy["buildLookaheadForAlternation"]>[0],
  ): OnParser<Alternation> {
    const build = (): Alternation => super.buildLookaheadForAlternation(place);
    let decide: Alternation | undefined;
    return function (alternatives) {
      decide ??= build();
      return decide.call(this, alternatives);
    };
  }

  override buildLookaheadForOptional(
    place: Parameters<ILookaheadStrategy["buildLookaheadForOptional"]>[0],
  ): OnParser<Optional> {
    const build = (): Optional => super.buildLookaheadForOptional(place);
    let decide: Optional | undefined;
    return function () {
      decide ??= build();
      return decide.call(this);
    };
  }
}
