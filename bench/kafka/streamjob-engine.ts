import type { KafkaEngine } from "./engine.ts";
export const streamJobEngine: KafkaEngine = { name: "streamjob", run: async () => { throw new Error("not yet"); } };
