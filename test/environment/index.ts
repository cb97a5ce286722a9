/**
 * The environment: real servers for tests, and for `npm run env -- up | status | down | logs <part>`.
 *
 * A part says how its program is had, started and checked (part.ts). Tests take one by `testPart`; it is started once for the test file.
 */
export { Environment } from "./environment.ts";
export { type Fault, FaultProxy } from "./fault-proxy.ts";
export { apiServerPart } from "./kubernetes/api-server.ts";
export { controllerManagerPart } from "./kubernetes/controller-manager.ts";
export { etcdPart } from "./kubernetes/etcd.ts";
export { SecondApiServer } from "./kubernetes/second-api-server.ts";
export { minioPart } from "./minio.ts";
export type { S3Server } from "./s3-server.ts";
export { TcpRelay } from "./tcp-relay.ts";
export { testPart, type TestPart } from "./test-part.ts";
export { versitygwPart } from "./versitygw.ts";
