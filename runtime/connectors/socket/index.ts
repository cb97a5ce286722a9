/** Room `connectors/socket` (`streamjob/connectors/socket`): lines from a TCP socket. */
export { type SocketTextOptions, socketTextSource } from "./socket-source.ts";
