/**
 * The environment: real servers for tests, and for `npm run env -- up | status | down | logs <part>`.
 *
 * A part says how its program is had, started and checked (part.ts). Tests take one by `testPart`; it is started once for the test file.
 */
export { findBusyboxArchive } from "./cluster/busybox-image.ts";
export type { Cluster } from "./cluster/cluster.ts";
export { type MachineSettings, machineSettings, untilNothingIsLeft } from "./cluster/leftovers.ts";
export { clusterOf, startCluster } from "./cluster/start-cluster.ts";
export { CLUSTER_MISSING, skipWithoutCluster, testCluster } from "./cluster/test-cluster.ts";
export { startServer, stopServer } from "./control.ts";
export { Environment, type RunningPart } from "./environment.ts";
export { isInCi } from "./ci.ts";
export { type Fault, FaultProxy, type ProxiedRequest } from "./fault-proxy.ts";
export { kustomizeControllerPart, sourceControllerPart } from "./flux/controllers.ts";
export { gluaBinary } from "./glua.ts";
export { helm3Binary, helm4Binary } from "./helm.ts";
export { kafkaPart } from "./kafka.ts";
export { kafkaClusterParts } from "./kafka-cluster.ts";
export { createTopic } from "./kafka-topic.ts";
export { apiServerPart } from "./kubernetes/api-server.ts";
export { kubectlBinary } from "./kubernetes/binaries.ts";
export { controllerManagerPart } from "./kubernetes/controller-manager.ts";
export { untilEstablished } from "./kubernetes/established.ts";
export { changeAuthority, secondApiServerPart } from "./kubernetes/second-api-server.ts";
export { mariadbPart } from "./mariadb.ts";
export { minioPart } from "./minio.ts";
export { operatorNodeOptions } from "./operator-node-options.ts";
export { redisPart } from "./redis.ts";
export type { S3Server } from "./s3-server.ts";
export { TcpRelay } from "./tcp-relay.ts";
export { testBinary } from "./test-binary.ts";
export { testPart, type TestPart } from "./test-part.ts";
export { versitygwPart } from "./versitygw.ts";
