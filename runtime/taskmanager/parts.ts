/** Second door of the room `taskmanager`, for the test kit: one task, without processes, threads and sockets. No package export. */
export { StoreCache } from "./snapshot-storage.ts";
export { DeployedTask, type TaskExchange } from "./task-builder.ts";
