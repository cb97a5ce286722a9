/** Owns: the arguments of a test's job from a record: `{ count: 10 }` is `--count 10`. */
export function jobArgs(options: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
