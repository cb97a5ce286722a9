/**
 * Owns: where the boxes and lines of a plan's picture stand. Pure geometry: it knows sizes, and no words.
 * Called by: plan-picture.ts.
 *
 * SQGL1 Rows flow from left to right: a box stands in the column behind the last of those that it takes rows from. No box lies over another one.
 * SQGL2 A line that passes a column keeps a place of its own there, as a box of a line's height: no line goes over a box.
 * SQGL3 In a column boxes stand near those they take rows from: by the mean of their places, to and fro a few times.
 */
export type Sized = { readonly id: string; readonly height: number; readonly inputs: readonly string[] };

export type Placed = { readonly id: string; readonly x: number; readonly y: number; readonly height: number };

/** From the right side of a box to the left side of another, through these points. */
export type Line = {
  readonly from: string;
  readonly to: string;
  readonly points: readonly (readonly [x: number, y: number])[];
};

export type Layout = {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Placed[];
  readonly lines: readonly Line[];
};

export type Spacing = {
  readonly boxWidth: number;
  /** Between columns, and between boxes of a column. */
  readonly gapX: number;
  readonly gapY: number;
  readonly margin: number;
};

/** In a column: a box, or the place of a line. */
type Slot = { readonly key: string; readonly height: number; order: number; y: number };

const LINE_HEIGHT = 12;
const ROUNDS = 4;

/** `boxes`: inputs first. */
export function layoutOf(boxes: readonly Sized[], spacing: Spacing): Layout {
  const columnOf = columnsOf(boxes);
  const count = Math.max(0, ...columnOf.values()) + 1;
  const columns = Array.from({ length: count }, (): Slot[] => []);
  const neighbours = new Map<string, string[]>();
  const link = (left: string, right: string): void => {
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const)
      neighbours.set(one, [...(neighbours.get(one) ?? []), other]);
  };
  const addSlot = (key: string, column: number, height: number): void => {
    const slots = columns[column] as Slot[];
    slots.push({ key, height, order: slots.length, y: 0 });
  };
  for (const { id, height } of boxes) addSlot(id, columnOf.get(id) ?? 0, height);
  const routes = boxes.flatMap(({ id, inputs }) =>
    [...new Set(inputs)].map((input) => {
      const [first, last] = [columnOf.get(input) ?? 0, columnOf.get(id) ?? 0];
      const places = Array.from({ length: last - first - 1 }, (_, index) => `${input} → ${id} ${first + 1 + index}`);
      for (const [index, place] of places.entries()) addSlot(place, first + 1 + index, LINE_HEIGHT);
      const stops = [input, ...places, id];
      for (let at = 1; at < stops.length; at++) link(stops[at - 1] as string, stops[at] as string);
      return { from: input, to: id, stops, first };
    }),
  );
  const slots = new Map(columns.flat().map((slot) => [slot.key, slot]));
  arrange(columns, { slots, neighbours }, spacing);
  const columnX = (column: number): number => spacing.margin + column * (spacing.boxWidth + spacing.gapX);
  const middle = (key: string): number => {
    const slot = slots.get(key) as Slot;
    return slot.y + slot.height / 2;
  };
  return {
    width: columnX(count - 1) + spacing.boxWidth + spacing.margin,
    height: Math.max(0, ...columns.flat().map(({ y, height }) => y + height)) + spacing.margin,
    boxes: boxes.map(({ id, height }) => ({
      id,
      x: columnX(columnOf.get(id) ?? 0),
      y: (slots.get(id) as Slot).y,
      height,
    })),
    lines: routes.map(({ from, to, stops, first }) => ({
      from,
      to,
      points: pointsOf(stops, first, middle, columnX, spacing),
    })),
  };
}

function pointsOf(
  stops: readonly string[],
  first: number,
  middle: (key: string) => number,
  columnX: (column: number) => number,
  { boxWidth }: Spacing,
): Line["points"] {
  return stops.flatMap((stop, index): readonly (readonly [number, number])[] => {
    const [left, y] = [columnX(first + index), middle(stop)];
    if (index === 0) return [[left + boxWidth, y]];
    if (index === stops.length - 1) return [[left, y]];
    return [
      [left, y],
      [left + boxWidth, y],
    ];
  });
}

/** SQGL1 */
function columnsOf(boxes: readonly Sized[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { id, inputs } of boxes)
    found.set(id, inputs.length === 0 ? 0 : Math.max(...inputs.map((input) => found.get(input) ?? 0)) + 1);
  // What feeds something stands right before it, rather than at the far left.
  for (const { id, inputs } of boxes.toReversed()) {
    if (inputs.length > 0) continue;
    const takers = boxes.filter((box) => box.inputs.includes(id)).map((box) => found.get(box.id) ?? 0);
    if (takers.length > 0) found.set(id, Math.max(0, Math.min(...takers) - 1));
  }
  return found;
}

type World = { readonly slots: ReadonlyMap<string, Slot>; readonly neighbours: ReadonlyMap<string, readonly string[]> };

/** SQGL3 */
function arrange(columns: readonly Slot[][], world: World, spacing: Spacing): void {
  for (const slots of columns) stack(slots, spacing, () => null);
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? columns : columns.toReversed();
    for (const slots of order) {
      const wanted = new Map(slots.map((slot) => [slot.key, meanOf(slot, slots, world)]));
      slots.sort((left, right) => {
        const [one, other] = [wanted.get(left.key) ?? left.y, wanted.get(right.key) ?? right.y];
        return one - other || left.order - right.order;
      });
      stack(slots, spacing, ({ key }) => wanted.get(key) ?? null);
    }
  }
  const top = Math.min(...columns.flat().map(({ y }) => y));
  for (const slot of columns.flat()) slot.y += spacing.margin - top;
}

/** The mean of the middles of its neighbours in other columns. Null: it has none. */
function meanOf({ key }: Slot, own: readonly Slot[], { slots, neighbours }: World): number | null {
  const around = (neighbours.get(key) ?? [])
    .map((other) => slots.get(other) as Slot)
    .filter((other) => !own.includes(other));
  if (around.length === 0) return null;
  return around.reduce((sum, { y, height }) => sum + y + height / 2, 0) / around.length;
}

/** One below the other in their order, each as near to where it wants its middle as those above let it. */
function stack(slots: readonly Slot[], { gapY }: Spacing, middleOf: (slot: Slot) => number | null): void {
  let free = Number.NEGATIVE_INFINITY;
  for (const slot of slots) {
    const wanted = middleOf(slot);
    const top = wanted === null ? (free === Number.NEGATIVE_INFINITY ? 0 : free) : wanted - slot.height / 2;
    slot.y = Math.max(top, free);
    free = slot.y + slot.height + gapY;
  }
}
