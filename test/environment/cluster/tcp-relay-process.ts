/** Owns: a relay as a process. Arguments: address and port to listen on, port of 127.0.0.1. Called by: api-relay.ts. */
import { relayTcp } from "./tcp-relay.ts";

const [address = "", listenPort = "", targetPort = ""] = process.argv.slice(2);
await relayTcp(address, Number(listenPort), Number(targetPort));
