/**
 * Room `operator/rest`: the operator's own endpoint, by which people and tools reach the REST of JobManagers with a bearer token.
 * It decides nothing of jobs: it asks the API server who may ask, and passes on what the contract has.
 */
export { type OperatorRest, type OperatorRestOptions, startOperatorRest } from "./server.ts";
