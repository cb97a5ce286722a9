/** Owns: whether two syntax trees are the same but for their places. */

/** A copy without places, whose properties have one order. */
export function withoutPlaces(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutPlaces);
  if (tree === null || typeof tree !== "object") return tree;
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([name]) => name !== "at")
      .map(([name, value]) => [name, withoutPlaces(value)]),
  );
}

/** Every place in a tree, with the place of the node around it. */
export function* placesIn(tree: unknown, around: Place | null = null): Iterable<[inner: Place, outer: Place | null]> {
  if (Array.isArray(tree)) for (const item of tree) yield* placesIn(item, around);
  if (tree === null || typeof tree !== "object" || Array.isArray(tree)) return;
  const own = (tree as { readonly at?: Place }).at;
  if (own !== undefined) yield [own, around];
  for (const [name, value] of Object.entries(tree)) if (name !== "at") yield* placesIn(value, own ?? around);
}

type Place = { readonly start: number; readonly end: number };
