/**
 * Owns: what a job is: the program that its processes run. In the configuration of pods today; later in requests too.
 *
 * PGR1 A kind that this program does not run is refused by name, with the kinds that it runs.
 */
import { z } from "zod";
import { pathSchema } from "./triggers.ts";

const moduleSchema = z.strictObject({
  kind: z.literal("module"),
  /** Absolute, in the container. */
  path: pathSchema,
});

const configMapSchema = z.strictObject({
  kind: z.literal("configMap"),
  /** Of the ConfigMap, in the StreamJob's namespace. */
  name: z.string().min(1).max(253),
  key: z.string().min(1).max(253),
  /** Absolute: where the key is a file in the container. */
  path: pathSchema,
});

const inlineSchema = z.strictObject({
  kind: z.literal("inline"),
  /** Absolute: where the text is a file in the container. */
  path: pathSchema,
});

const sqlSchema = z.strictObject({
  kind: z.literal("sql"),
  /** Absolute: where the statements are a file in the container. */
  path: pathSchema,
});

export const programSchema = z.discriminatedUnion("kind", [moduleSchema, configMapSchema, inlineSchema, sqlSchema], {
  error: ({ code, input }) =>
    code === "invalid_union"
      ? `this StreamJob runs programs of kind module, configMap, inline and sql, not ${kindOf(input)}`
      : undefined,
});

export type Program = z.infer<typeof programSchema>;

function kindOf(input: unknown): string {
  return typeof input === "object" && input !== null && "kind" in input ? JSON.stringify(input.kind) : "nothing";
}
