/** Room `storage`: the ObjectStore port and its adapters. */
export type { ObjectInfo, ObjectStore, ObjectWriter } from "./object-store.ts";
