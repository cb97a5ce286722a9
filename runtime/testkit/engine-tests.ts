/** Second door of the room `testkit`: what only the tests of this repository need. No package export. */
export { MemorySpillSpace } from "./memory-spill-space.ts";
