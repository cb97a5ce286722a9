/** Generated code: what operators run. Expressions as functions of rows, calcs over batches of columns, and the order of rows. */
export { type Calc, type CompiledCalc, compileCalc } from "./calc.ts";
export { compileCondition, compileScalar } from "./scalar.ts";
export { compareRows } from "../rows/row-order.ts";
